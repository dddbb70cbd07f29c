"""Messages in, completions out: one client for any OpenAI-compatible endpoint and for a local model (report §2.2).

Every answer is written to a ledger before anyone sees it, so no call is ever paid for twice.

    async with open_teacher(settings, work.ledger) as teacher:  # client.py; several at once: several.py
        results = await map_records(items, worker)  # tasks.py; worker(item) awaits teacher.complete(...)
"""
