SELECT route, status, COUNT(*) AS deliveries FROM voicedrive_relay.relay_queue GROUP BY route, status
