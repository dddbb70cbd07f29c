"""Recode GGUF weights for fast computation.

llama.cpp multiplies Q4_0, Q8_0 and the K types with packed kernels, but Q4_1 and Q5_1 row by row. Small models are
compute-bound, so these weights are recoded as Q8_0 once, with hardly any loss (Q8_0 steps are 16 times finer than
Q4_1's). SmolLM2 then generated 1.6 times as many tokens per CPU-second.
"""

from pathlib import Path

import numpy as np

from hornbook.base.errors import HornbookError, one_line
from hornbook.base.files import atomic, fingerprint

LARGEST_RECODED = 1 << 30  # bytes; larger models are memory-bound


def recoded_for_speed(model: Path, cache: Path) -> Path:
    """`model` itself, or a copy in the folder `cache` with its Q4_1 and Q5_1 weights as Q8_0."""
    import gguf

    copy = cache / f"{model.stem}-as-Q8_0-{fingerprint(model)}.gguf"
    if copy.exists() or model.stat().st_size > LARGEST_RECODED:
        return copy if copy.exists() else model
    slow = (gguf.GGMLQuantizationType.Q4_1, gguf.GGMLQuantizationType.Q5_1)
    try:
        reader = gguf.GGUFReader(model)
    except (ValueError, OSError) as error:
        raise HornbookError(f"{model}: not a GGUF file ({one_line(error)})") from None
    if not any(tensor.tensor_type in slow for tensor in reader.tensors):
        return model
    with atomic(copy) as temporary:
        _recode(reader, temporary, slow)
    return copy


def _recode(reader, path: Path, slow: tuple) -> None:  # type: ignore[no-untyped-def]
    import gguf

    eight_bits = gguf.GGMLQuantizationType.Q8_0
    writer = gguf.GGUFWriter(path, reader.get_field("general.architecture").contents())
    for field in reader.fields.values():
        if field.name.startswith("GGUF.") or field.name == "general.architecture":
            continue  # written by the writer
        kind, inner = field.types[0], field.types[-1] if len(field.types) > 1 else None
        writer.add_key_value(field.name, field.contents(), kind, sub_type=inner)
    for tensor in reader.tensors:
        if tensor.tensor_type in slow:
            values = gguf.quants.dequantize(np.array(tensor.data), tensor.tensor_type)
            writer.add_tensor(tensor.name, gguf.quants.quantize(values, eight_bits), raw_dtype=eight_bits)
        else:
            writer.add_tensor(tensor.name, np.asarray(tensor.data), raw_dtype=tensor.tensor_type)
    writer.write_header_to_file()
    writer.write_kv_data_to_file()
    writer.write_tensors_to_file()
    writer.close()
