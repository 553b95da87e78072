//! Sockets towards a gateway: REQ with its rules, SUB with its watchdog.
