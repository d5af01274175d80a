namespace IoTPlatform.Provider.Features.Telemetry;

/// <summary>Settings of the storage of telemetry.</summary>
internal sealed record TelemetryOptions
{
    public const string RetentionSetting = "IOT_TELEMETRY_RETENTION";

    public static readonly TimeSpan LongestRetention = TimeSpan.FromDays(3660);

    /// <summary>Older messages are neither stored nor kept; a day goes as a whole, so a message stays up to a day longer.</summary>
    public TimeSpan Retention { get; init; } = TimeSpan.FromDays(30);
}
