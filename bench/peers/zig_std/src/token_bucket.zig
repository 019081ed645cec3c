//! A client's allowance: a second's worth at once, refilled as time goes by.
const std = @import("std");

const TokenBucket = @This();

/// Tokens/s; 0 = no limit.
rate: f64,
tokens: f64,
filled_ns: i64,

pub fn init(rate: u32, now_ns: i64) TokenBucket {
    const full: f64 = @floatFromInt(rate);
    return .{ .rate = full, .tokens = full, .filled_ns = now_ns };
}

/// Whether there was a token to take.
pub fn take(bucket: *TokenBucket, now_ns: i64) bool {
    if (bucket.rate == 0) return true;
    const elapsed_ns: f64 = @floatFromInt(now_ns - bucket.filled_ns);
    bucket.filled_ns = now_ns;
    bucket.tokens = @min(bucket.rate, bucket.tokens + elapsed_ns / std.time.ns_per_s * bucket.rate);
    if (bucket.tokens < 1) return false;
    bucket.tokens -= 1;
    return true;
}

fn taken(bucket: *TokenBucket, attempts: usize, now_ns: i64) usize {
    var count: usize = 0;
    for (0..attempts) |_| count += @intFromBool(bucket.take(now_ns));
    return count;
}

test "a second's worth passes at once" {
    var bucket: TokenBucket = .init(10, 5);
    try std.testing.expectEqual(10, taken(&bucket, 30, 5));
}

test "it refills with time and never overflows" {
    var bucket: TokenBucket = .init(10, 0);
    _ = taken(&bucket, 10, 0);
    try std.testing.expectEqual(2, taken(&bucket, 30, 250 * std.time.ns_per_ms));
    try std.testing.expectEqual(10, taken(&bucket, 30, 60 * std.time.ns_per_s));
}

test "without a rate everything passes" {
    var bucket: TokenBucket = .init(0, 0);
    try std.testing.expectEqual(1_000, taken(&bucket, 1_000, 0));
}
