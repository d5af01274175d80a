using IoTPlatform.Contracts;
using IoTPlatform.Contracts.Telemetry;
using IoTPlatform.Portal.Sessions;
using IoTPlatform.Telemetry;

namespace IoTPlatform.Provider.Portal;

/// <summary>A message as far as it is shown: a whole one may have 64 KB, and what a page keeps goes to the browser and back.</summary>
public sealed record MessageLine(string DeviceId, string Topic, DateTimeOffset SentAt, string Text)
{
    private const int MostText = 160;

    /// <summary>What came last.</summary>
    /// <param name="calls">Of the page.</param>
    /// <param name="tenantId">Whose.</param>
    /// <param name="deviceId">Null: of all its devices.</param>
    /// <param name="over">How far back.</param>
    /// <param name="most">So many messages.</param>
    /// <param name="now">The end.</param>
    /// <param name="stop">Gives up.</param>
    internal static async Task<IReadOnlyList<MessageLine>> LatestAsync(PortalCalls calls, string tenantId, string? deviceId, TimeSpan over, int most, DateTimeOffset now, CancellationToken stop)
    {
        var query = TelemetryQuery.Read(tenantId, deviceId, null, now - over, now + TelemetryFormat.MaxAhead, null, most);
        var latest = await calls.CallAsync<TelemetryReader, Page<TelemetryRecord>>((reader, _, cancel) => reader.ReadAsync(query, cancel), stop);
        return [.. latest.Items.Select(message => new MessageLine(message.DeviceId, message.Topic, message.SentAt, Cut(message.Payload.GetRawText())))];
    }

    private static string Cut(string text) => text.Length <= MostText ? text : text[..MostText] + "…";
}
