namespace IoTPlatform.Provider.Features.Telemetry;

/// <summary>Which stored messages are asked for.</summary>
/// <param name="DeviceId">Null: of all devices.</param>
/// <param name="From">At or after.</param>
/// <param name="Before">Not at this time any more.</param>
/// <param name="After">Where the page before ended; null: the newest first.</param>
/// <param name="Limit">Rows at most.</param>
internal sealed record TelemetryQuery(string TenantId, string? DeviceId, DateTimeOffset From, DateTimeOffset Before, TelemetryCursor? After, int Limit);
