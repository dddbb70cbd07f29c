"""All tasks by name. To add one, write its file in `tasks/` and list it here."""

from hornbook.synthetic.reasoning.task import Task
from hornbook.synthetic.reasoning.tasks.base_conversion import BASE_CONVERSION
from hornbook.synthetic.reasoning.tasks.calendar_arithmetic import CALENDAR_ARITHMETIC
from hornbook.synthetic.reasoning.tasks.chain_sum import CHAIN_SUM
from hornbook.synthetic.reasoning.tasks.count_bits import COUNT_BITS
from hornbook.synthetic.reasoning.tasks.family_relationships import FAMILY_RELATIONSHIPS
from hornbook.synthetic.reasoning.tasks.gcd import GCD
from hornbook.synthetic.reasoning.tasks.leg_counting import LEG_COUNTING
from hornbook.synthetic.reasoning.tasks.letter_counting import LETTER_COUNTING
from hornbook.synthetic.reasoning.tasks.number_filtering import NUMBER_FILTERING
from hornbook.synthetic.reasoning.tasks.products import PRODUCTS
from hornbook.synthetic.reasoning.tasks.simple_equations import SIMPLE_EQUATIONS
from hornbook.synthetic.reasoning.tasks.spell_backward import SPELL_BACKWARD

TASKS: dict[str, Task] = {
    task.name: task
    for task in [
        BASE_CONVERSION,
        CALENDAR_ARITHMETIC,
        CHAIN_SUM,
        COUNT_BITS,
        FAMILY_RELATIONSHIPS,
        GCD,
        LEG_COUNTING,
        LETTER_COUNTING,
        NUMBER_FILTERING,
        PRODUCTS,
        SIMPLE_EQUATIONS,
        SPELL_BACKWARD,
    ]
}
