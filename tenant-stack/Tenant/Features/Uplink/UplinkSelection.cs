using IoTPlatform.Contracts.Telemetry;
using IoTPlatform.Mqtt;

namespace IoTPlatform.Tenant.Features.Uplink;

/// <summary>Which of the stored messages go up. The others stay at the tenant.</summary>
/// <param name="Filters">Topic filters; one of them has to match.</param>
/// <param name="Interval">Of telemetry under one topic no more than one within it, by their timestamps; zero: all.</param>
internal sealed record UplinkOptions(IReadOnlyList<string> Filters, TimeSpan Interval)
{
    public const string FiltersSetting = "IOT_UPLINK_TOPICS";
    public const string IntervalSetting = "IOT_UPLINK_INTERVAL";

    public static UplinkOptions Everything { get; } = new([.. TelemetryFormat.PrefixOfStream.Values.Select(prefix => prefix + "#")], TimeSpan.Zero);
}

/// <summary>
/// Applies <see cref="UplinkOptions"/> to messages in their order. What has to be sent again goes through a new one: this one takes what it selected for
/// sent. So after a lost connection one message more of a topic may go up.
/// </summary>
internal sealed class UplinkSelection(UplinkOptions options)
{
    /// <summary>Topics of which the last is remembered.</summary>
    private const int MostTopics = 100_000;

    private readonly Dictionary<string, long> _last = new(StringComparer.Ordinal);

    public bool Selects(string topic, DateTimeOffset sentAt) => options.Filters.Any(filter => TopicSyntax.Covers(filter, topic)) && (options.Interval == TimeSpan.Zero || !topic.StartsWith(TelemetryFormat.TopicPrefix, StringComparison.Ordinal) || IsNext(topic, sentAt));

    private bool IsNext(string topic, DateTimeOffset sentAt)
    {
        var interval = sentAt.UtcTicks / options.Interval.Ticks;
        if (_last.TryGetValue(topic, out var last) && last == interval)
        {
            return false;
        }

        if (_last.Count == MostTopics)
        {
            _last.Clear();
        }

        _last[topic] = interval;
        return true;
    }
}
