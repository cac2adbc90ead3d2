"""What only PostgreSQL needs: its sessions, libpq's addresses, COPY, and the order in which commits become visible."""
