<?php
// The verifier of examples/clients/php against the vectors: all of them, and none that was altered.
//
//   php verify_vectors.php EXAMPLE_FOLDER SIGNATURES.json

declare(strict_types=1);

require $argv[1] . '/verify.php';

function expect(bool $holds, string $what): void
{
    if (!$holds) {
        throw new RuntimeException($what);
    }
}

$cases = json_decode(file_get_contents($argv[2]), true, 512, JSON_THROW_ON_ERROR)['cases'];
foreach ($cases as $case) {
    $profile = $case['profile'];
    [$signature, $timestamp, , $signed] = PROFILES[$profile];
    $now = $case['attempt_at_unix_ms'] / 1000;
    $good = [
        $signature => $case['signature_header'],
        $timestamp => (string) $case['timestamp_header'],
        'webhook-id' => $case['request_id'],
    ];
    $accepts = fn (array $headers = [], ?string $body = null, ?string $secret = null, ?float $at = null): bool
        => verify($profile, $secret ?? $case['secret'], [...$good, ...$headers], $body ?? $case['body'], $at ?? $now);
    $ending = str_ends_with($case['signature_header'], '=') ? 'A=' : 'xx';
    expect($accepts(), "$profile: good");
    expect(verify($profile, $case['secret'], array_change_key_case($good), $case['body'], $now), "$profile: small letters");
    expect(!$accepts(secret: $case['secret'] . 'xxxx'), "$profile: another secret");
    expect(!$accepts(body: $case['body'] . ' '), "$profile: a longer body");
    expect(!$accepts(body: preg_replace('/"/', "'", $case['body'], 1)), "$profile: another body");
    expect(!$accepts([$signature => substr($case['signature_header'], 0, -2) . $ending]), "$profile: another signature");
    expect(!$accepts([$signature => '']), "$profile: no signature");
    expect(!$accepts([$timestamp => 'soon']), "$profile: no time");
    expect(!verify($profile, $case['secret'], [], $case['body'], $now), "$profile: no headers");
    expect(!$accepts(at: $now + 301) && !$accepts(at: $now - 302), "$profile: stale");
    if (str_contains($signed, '{timestamp}')) {
        $next = fn (array $digit): string => (string) (((int) $digit[0] + 1) % 10);
        $later = preg_replace_callback('/\d(?=Z?$)/', $next, $case['timestamp_header']);
        expect(!$accepts([$timestamp => $later]), "$profile: another time");
    }
    if (str_contains($signed, '{id}')) {
        expect(!$accepts(['webhook-id' => 'x']), "$profile: another id");
        expect($accepts([$signature => 'v1,AAAA ' . $case['signature_header']]), "$profile: two signatures");
    }
}
expect(count($cases) >= 14, 'too few cases');
echo 'php: ', count($cases), " vectors\n";
