using System.Globalization;
using System.Text.Json;
using IoTPlatform.Contracts.Audit;

namespace IoTPlatform.Iot;

/// <summary>An audit entry in the CLI's JSON: its details are JSON, not text that holds JSON.</summary>
internal sealed record AuditLine(long Sequence, DateTimeOffset At, string Actor, string Action, string Subject, JsonElement Details, string Hash)
{
    public static AuditLine Of(AuditEntryView entry) =>
        new(entry.Sequence, entry.At, entry.Actor, entry.Action, entry.Subject, DetailsOf(entry.Details), entry.Hash);

    public static string Number(AuditEntryView entry) => entry.Sequence.ToString(CultureInfo.InvariantCulture);

    // The database keeps the text as it was hashed; text that is no JSON stays text.
    private static JsonElement DetailsOf(string details)
    {
        try
        {
            return JsonDocument.Parse(details).RootElement;
        }
        catch (JsonException)
        {
            return JsonSerializer.SerializeToElement(details);
        }
    }
}
