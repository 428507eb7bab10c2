<?php
/**
 * Hands an event in to voicedrive-relay, and tries again until the relay has it. PHP 8.1, no packages,
 * no extensions.
 *
 *   export RELAY_URL=http://127.0.0.1:8480 RELAY_TOKEN=...
 *   php hand_in.php employee.updated hr-2025-10-26-000123 '{"staffId":"EMP-2025-001"}'
 */

declare(strict_types=1);

// The relay answers within milliseconds; a machine under load may take longer.
const TIMEOUT_SECONDS = 10;
const FIRST_WAIT_SECONDS = 1.0;
const LONGEST_WAIT_SECONDS = 60.0;

/** The relay will not take this event, however often it is asked. */
class Refused extends RuntimeException
{
}

/** The relay is away or busy; the code is the number of seconds that it asks to wait. */
class NotYet extends RuntimeException
{
}

/**
 * Make the key before the first try and keep it with the record that the event is about: whoever
 * starts again after a crash hands in the same key, and the relay knows the event again.
 *
 * @param object $data the payload; an empty PHP array would be [] in JSON, so it is an object here
 * @return array{id: string, requestId: string, status: string, duplicate: bool}
 * @throws Refused at once
 * @throws NotYet when the relay is still away at the end
 */
function handIn(
    string $event,
    object $data,
    string $idempotencyKey,
    string $url,
    string $token,
    float $giveUpAfterSeconds = 600
): array {
    $giveUpAt = microtime(true) + $giveUpAfterSeconds;
    $wait = FIRST_WAIT_SECONDS;
    while (true) {
        try {
            return post($event, $data, $idempotencyKey, $url, $token);
        } catch (NotYet $problem) {
            // Somewhere between one and two waits: not everybody comes back at the same moment.
            $pause = max($wait * (1 + mt_rand() / mt_getrandmax()), $problem->getCode());
            if (microtime(true) + $pause > $giveUpAt) {
                throw $problem;
            }
            error_log(sprintf('%s; again in %.1f s', $problem->getMessage(), $pause));
            usleep((int) ($pause * 1_000_000));
            $wait = min($wait * 2, LONGEST_WAIT_SECONDS);
        }
    }
}

/** One try. */
function post(string $event, object $data, string $idempotencyKey, string $url, string $token): array
{
    $flags = JSON_UNESCAPED_UNICODE | JSON_UNESCAPED_SLASHES | JSON_THROW_ON_ERROR;
    $context = stream_context_create(['http' => [
        'method' => 'POST',
        'header' => [
            'Authorization: Bearer ' . $token,
            'Content-Type: application/json',
            'Idempotency-Key: ' . $idempotencyKey,
        ],
        'content' => json_encode(['event' => $event, 'data' => $data], $flags),
        'timeout' => TIMEOUT_SECONDS,
        'ignore_errors' => true, // an answer of 4xx has a body too
    ]]);
    $body = @file_get_contents($url . '/api/events', false, $context);
    if ($body === false) {
        throw new NotYet('no answer');
    }
    // $http_response_header is set by file_get_contents.
    $status = (int) explode(' ', $http_response_header[0])[1];
    if ($status === 429 || $status >= 500) {
        throw new NotYet("HTTP $status", retryAfter($http_response_header));
    }
    if ($status >= 300) {
        throw new Refused("HTTP $status: $body");
    }
    $answer = json_decode($body, true);
    // A connection that ended early: perhaps the relay has the event. The key says.
    return $answer['data'] ?? throw new NotYet('half an answer');
}

/** @param string[] $headers */
function retryAfter(array $headers): int
{
    foreach ($headers as $header) {
        if (preg_match('/^retry-after: *(\d+)$/i', $header, $found)) {
            return (int) $found[1];
        }
    }
    return 0;
}

if (realpath($_SERVER['SCRIPT_FILENAME']) === __FILE__) {
    [, $event, $key, $payload] = $argv;
    $data = json_decode($payload, false, 512, JSON_THROW_ON_ERROR);
    echo json_encode(handIn($event, $data, $key, getenv('RELAY_URL'), getenv('RELAY_TOKEN'))), "\n";
}
