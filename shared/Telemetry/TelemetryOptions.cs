using IoTPlatform.Contracts.Telemetry;
using IoTPlatform.Hosting;

namespace IoTPlatform.Telemetry;

/// <summary>Settings of the storage of telemetry.</summary>
public sealed record TelemetryOptions
{
    public const string RetentionSetting = "IOT_TELEMETRY_RETENTION";

    public static readonly TimeSpan LongestRetention = TimeSpan.FromDays(3660);

    /// <summary>Older messages are neither stored nor kept; a day goes as a whole, so a message stays up to a day longer.</summary>
    public TimeSpan Retention { get; init; } = TimeSpan.FromDays(30);

    /// <summary>Longer messages are refused.</summary>
    public int LongestPayload { get; init; } = TelemetryFormat.LongestPayload;

    /// <summary>First levels of the topics that are stored, each with its slash.</summary>
    public IReadOnlyList<string> TopicPrefixes { get; init; } = [.. TelemetryFormat.PrefixOfStream.Values];

    public static TelemetryOptions Read(SettingsReader settings)
    {
        if (settings[RetentionSetting] is not { } text)
        {
            return new TelemetryOptions();
        }

        if (!DurationText.TryParse(text, out var retention) || retention < TimeSpan.FromDays(1) || retention > LongestRetention)
        {
            settings.Invalid(RetentionSetting, text, $"it must be a duration of 1d to {LongestRetention.Days}d, such as 30d");
        }

        return new TelemetryOptions { Retention = retention };
    }
}
