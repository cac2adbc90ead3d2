"""What only PostgreSQL needs: sessions, libpq's parameters, COPY, and the order in which commits become visible."""
