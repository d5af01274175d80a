using IoTPlatform.Contracts.Telemetry;

namespace IoTPlatform.Tenant.Features.Uplink;

/// <summary>Messages that go up in the order in which they were committed, with a cursor of their own.</summary>
internal sealed class UplinkStream
{
    private UplinkStream(string name, string goesUp)
    {
        Name = name;
        GoesUp = goesUp;
    }

    /// <summary>And state.</summary>
    public static UplinkStream Events { get; } = new("events", $"NOT starts_with(topic, '{TelemetryFormat.TopicPrefix}')");

    public static UplinkStream Telemetry { get; } = new("telemetry", $"starts_with(topic, '{TelemetryFormat.TopicPrefix}')");

    /// <summary>What waits in an earlier one goes first.</summary>
    public static IReadOnlyList<UplinkStream> All { get; } = [Events, Telemetry];

    /// <summary>Column of its cursor.</summary>
    public string Name { get; }

    /// <summary>Which messages, as its index has it.</summary>
    public string GoesUp { get; }
}
