<?php
/**
 * Verifies the signature of a webhook of voicedrive-relay. PHP 8.1, no packages, no extensions.
 *
 *   verify('medical-system', $secret, getallheaders(), file_get_contents('php://input'))
 *
 * Hand in the bytes of the body as they arrived, before anything parses them.
 */

declare(strict_types=1);

// A webhook may be this old, and its sender's clock this far ahead.
const TOLERANCE_SECONDS = 300;

// profile: signature header, timestamp header, how the time is written, what is signed
const PROFILES = [
    'medical-system' => ['X-Medical-System-Signature', 'X-Medical-System-Timestamp', 'iso', '{timestamp}.{body}'],
    'voicedrive-employee' => ['X-Webhook-Signature', 'X-Webhook-Timestamp', 'ms', '{timestamp}{body}'],
    'voicedrive-whistleblowing' => ['X-Medical-System-Signature', 'X-Webhook-Timestamp', 'iso', '{timestamp}.{body}'],
    'voicedrive-compliance' => ['X-Webhook-Signature', 'X-Webhook-Timestamp', 'iso', '{body}'],
    'voicedrive-staff-system' => ['X-VoiceDrive-Signature', 'X-VoiceDrive-Timestamp', 'iso', '{body}{timestamp}'],
    'voicedrive-notification' => ['X-Signature', 'X-Timestamp', 'iso', '{body}{timestamp}'],
    'standard-webhooks' => ['webhook-signature', 'webhook-timestamp', 's', '{id}.{timestamp}.{body}'],
];

/**
 * Whether the webhook is from the relay and not an old one.
 *
 * @param array<string, string> $headers names and values
 */
function verify(string $profile, string $secret, array $headers, string $body, ?float $now = null): bool
{
    [$signatureHeader, $timestampHeader, $writtenAs, $signedText] = PROFILES[$profile];
    $headers = array_change_key_case($headers);
    $signature = $headers[strtolower($signatureHeader)] ?? '';
    $timestamp = $headers[strtolower($timestampHeader)] ?? '';
    $seconds = secondsOf($timestamp, $writtenAs);
    if ($seconds === null || abs(($now ?? microtime(true)) - $seconds) > TOLERANCE_SECONDS) {
        return false;
    }
    $values = ['{id}' => $headers['webhook-id'] ?? '', '{timestamp}' => $timestamp, '{body}' => $body];
    // strtr does not look again at what it has put in.
    $mac = hash_hmac('sha256', strtr($signedText, $values), keyOf($secret), true);
    if (!str_starts_with($signedText, '{id}')) {
        // Not ==, which takes longer the more characters are right.
        return hash_equals(bin2hex($mac), $signature);
    }
    // One for each secret, while a secret is changed.
    foreach (explode(' ', $signature) as $one) {
        if (hash_equals('v1,' . base64_encode($mac), $one)) {
            return true;
        }
    }
    return false;
}

function keyOf(string $secret): string
{
    $key = str_starts_with($secret, 'whsec_') ? base64_decode(substr($secret, 6), true) : $secret;
    return $key === false ? $secret : $key;
}

/** Null when it cannot be read. */
function secondsOf(string $timestamp, string $writtenAs): ?float
{
    if ($writtenAs === 'iso') {
        $moment = DateTimeImmutable::createFromFormat('Y-m-d\TH:i:s.vp', $timestamp);
        return $moment === false ? null : (float) $moment->format('U.u');
    }
    return ctype_digit($timestamp) ? (int) $timestamp / ($writtenAs === 'ms' ? 1000 : 1) : null;
}
