using System.Text.Json;

namespace IoTPlatform.Contracts.Events;

/// <summary>An HTTPS destination that is told events.</summary>
public sealed record EventWebhookView
{
    public required string Name { get; init; }
    /// <summary>To administrators; to others scheme, host and port.</summary>
    public required string Url { get; init; }

    /// <summary>Of events; empty: all.</summary>
    public required IReadOnlyList<string> Types { get; init; }

    /// <summary>Entries of the audit log that it has not passed yet; most are no events.</summary>
    public required long EntriesWaiting { get; init; }

    /// <summary>Failed ones of the event that is its next.</summary>
    public required int Attempts { get; init; }

    /// <summary>Null: no attempt has failed.</summary>
    public DateTimeOffset? NextAttemptAt { get; init; }

    /// <summary>To administrators alone.</summary>
    public string? LastError { get; init; }

    /// <summary>When it last took an event.</summary>
    public DateTimeOffset? DeliveredAt { get; init; }

    /// <summary>Events that could not be delivered and were put aside.</summary>
    public required int DeadLetters { get; init; }
}

public sealed record EventWebhookList
{
    public required IReadOnlyList<EventWebhookView> Items { get; init; }
}

public sealed record SaveEventWebhookRequest
{
    /// <summary>https.</summary>
    public required string Url { get; init; }

    /// <summary>Of events; null or empty: all.</summary>
    public IReadOnlyList<string>? Types { get; init; }
}

public sealed class SavedEventWebhook
{
    public required string Name { get; init; }

    /// <summary><c>whsec_</c> and base64, shown once; null: the one from before.</summary>
    public string? Secret { get; init; }
}

/// <summary>What became of one delivery.</summary>
public sealed record EventWebhookTest
{
    public required bool Delivered { get; init; }

    /// <summary>Why not.</summary>
    public string? Reason { get; init; }
}

/// <summary>An event that could not be delivered.</summary>
public sealed record EventDeadLetterView
{
    public required Guid EventId { get; init; }
    public required string Type { get; init; }
    public required JsonElement Event { get; init; }

    /// <summary>To administrators alone.</summary>
    public string? Reason { get; init; }
    public required DateTimeOffset FailedAt { get; init; }

    /// <summary>It is about to be delivered again.</summary>
    public required bool Due { get; init; }
}

public sealed record EventDeadLetterList
{
    public required IReadOnlyList<EventDeadLetterView> Items { get; init; }
}

public sealed record RedeliverRequest
{
    /// <summary>This event alone; null: all that were put aside.</summary>
    public Guid? EventId { get; init; }
}

public sealed record Redelivered
{
    /// <summary>That will be delivered again.</summary>
    public required int Events { get; init; }
}
