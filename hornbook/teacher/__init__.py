"""Teacher models: one client for any OpenAI-compatible endpoint and for local models (report §2.2).

Every answer is written to a ledger before it is used, so no call is paid for twice.

    async with open_teacher(settings, work.ledger) as teacher:  # client.py; for several teachers: router.py
        results = await map_records(items, worker)  # map_records.py; worker(item) awaits teacher.complete(...)
"""
