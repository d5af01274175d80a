using System.Text.Json;

namespace IoTPlatform.Hosting.Events;

/// <summary>An entry of the audit log on its way to become an event.</summary>
/// <param name="EventId">From the entry's hash, so it is the same whenever the entry is read.</param>
public sealed record RecordedAct(long Sequence, DateTimeOffset At, string Actor, string Action, string Subject, string Details, Guid EventId)
{
    /// <summary>A member of the details, as text; null: there is none of that name.</summary>
    public string? Find(string name)
    {
        using var json = JsonDocument.Parse(Details);
        return json.RootElement.TryGetProperty(name, out var value) ? value.ToString() : null;
    }

    public string Detail(string name) => Find(name) ?? throw new InvalidOperationException($"The act says nothing of {name}.");
}
