using System.Globalization;
using IoTPlatform.Contracts.Telemetry;

namespace IoTPlatform.Tenant.Features.Commands;

/// <summary><c>commands/{level}/{id}</c> down, <c>commands/{level}/{id}/response</c> up; devices know them by other names as well.</summary>
internal static class CommandTopics
{
    private const string Prefix = "commands/";
    private const string Response = "/response";

    public static string Request(string deviceId, long id) => string.Create(CultureInfo.InvariantCulture, $"{Prefix}{TelemetryFormat.TopicLevel(deviceId)}/{id}");

    /// <summary>As every device knows it.</summary>
    public static string ResponseOf(string deviceId, long id) => string.Create(CultureInfo.InvariantCulture, $"devices/{deviceId}/{Prefix}{id}{Response}");

    public static bool IsResponse(string topic) => topic.StartsWith(Prefix, StringComparison.Ordinal) && topic.EndsWith(Response, StringComparison.Ordinal);

    /// <summary>Of a response; null: no command has it.</summary>
    public static long? IdOf(string topic)
    {
        var id = topic.AsSpan()[..^Response.Length];
        return long.TryParse(id[(id.LastIndexOf('/') + 1)..], NumberStyles.None, CultureInfo.InvariantCulture, out var number) ? number : null;
    }
}
