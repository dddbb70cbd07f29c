"""Pack pieces into rows by best fit, with little padding and without splitting pieces."""


def pack(lengths: list[int], context: int) -> list[list[int]]:
    """Pack pieces of the given lengths (tokens) into rows of at most `context` tokens, best fit, longest first.

    Returns rows as lists of indices into `lengths`; every index occurs once. The result depends only on the arguments.
    Takes about a microsecond per piece.

    Raises ValueError for a piece that is empty or longer than `context`.
    """
    if lengths and not 1 <= min(lengths) <= max(lengths) <= context:
        raise ValueError(f"pieces of {min(lengths)} to {max(lengths)} tokens do not fit rows of {context}")
    rows: list[list[int]] = []
    rows_by_free: list[list[int]] = [[] for _ in range(context + 1)]  # free tokens -> rows with exactly that many
    free_sizes = 0  # bit r is set if some row has r free tokens, so finding the best fit is finding a bit
    for piece in sorted(range(len(lengths)), key=lambda index: -lengths[index]):
        length = lengths[piece]
        fitting = free_sizes >> length
        if fitting:
            free = length + (fitting & -fitting).bit_length() - 1
            row = rows_by_free[free].pop()
            if not rows_by_free[free]:
                free_sizes &= ~(1 << free)
            rows[row].append(piece)
        else:
            free, row = context, len(rows)
            rows.append([piece])
        if free > length:
            rows_by_free[free - length].append(row)
            free_sizes |= 1 << (free - length)
    return rows
