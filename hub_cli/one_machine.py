"""What Airflow's settings name by its import path, for an Airflow on one machine."""

# SQLite's default is 5 s: on a busy machine one process would find the database locked by another and fail.
PATIENT = {"timeout": 60}


def loopback() -> str:
    """Return the name of this machine for Airflow: no name server is asked, and no other machine answers to it.

    Airflow's default finds the machine's full name, which may take a name server's time, and asks that host for logs.
    """
    return "127.0.0.1"
