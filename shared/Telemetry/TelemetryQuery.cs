using IoTPlatform.Contracts.Telemetry;
using IoTPlatform.Hosting;
using Microsoft.AspNetCore.Http;

namespace IoTPlatform.Telemetry;

/// <summary>Which stored messages are asked for.</summary>
/// <param name="TenantId">Null: of the only one there is.</param>
/// <param name="DeviceId">Null: of all devices.</param>
/// <param name="TopicPrefix">Of one stream; null: of all.</param>
/// <param name="From">At or after.</param>
/// <param name="Before">Not at this time any more.</param>
/// <param name="After">Where the page before ended; null: the newest first.</param>
/// <param name="Limit">Rows at most.</param>
public sealed record TelemetryQuery(string? TenantId, string? DeviceId, string? TopicPrefix, DateTimeOffset From, DateTimeOffset Before, TelemetryCursor? After, int Limit)
{
    private const int DefaultLimit = 50;
    private const int MaxLimit = 200;

    /// <summary>From the parameters of a URL. Throws 400 for a stream that there is not, and a cursor that no page ended with.</summary>
    public static TelemetryQuery Read(string? tenantId, string? deviceId, string? stream, DateTimeOffset? from, DateTimeOffset? before, string? cursor, int? limit)
    {
        string? prefix = null;
        if (stream is not null && !TelemetryFormat.PrefixOfStream.TryGetValue(stream, out prefix))
        {
            throw new ProblemException(StatusCodes.Status400BadRequest, "invalid_request", $"stream is one of {string.Join(", ", TelemetryFormat.PrefixOfStream.Keys)}.");
        }

        TelemetryCursor? after = null;
        if (cursor is not null && !TelemetryCursor.TryParse(cursor, out after))
        {
            throw new ProblemException(StatusCodes.Status400BadRequest, "bad_cursor", "The cursor is not one this server gave out.");
        }

        return new TelemetryQuery(
            tenantId, deviceId, prefix, from?.ToUniversalTime() ?? DateTimeOffset.UnixEpoch, before?.ToUniversalTime() ?? new DateTimeOffset(9999, 1, 1, 0, 0, 0, TimeSpan.Zero), after,
            Math.Clamp(limit ?? DefaultLimit, 1, MaxLimit));
    }
}
