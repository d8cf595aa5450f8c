"""The engines: each module loads CSV objects into the table and is a process of its own.

    python -m bench.engines.<module> HOME FOLDER

HOME takes catalog and warehouse, FOLDER holds the objects. What all of them must end in: one committed snapshot with
every row, checked afterwards by ``bench.check``.
"""
