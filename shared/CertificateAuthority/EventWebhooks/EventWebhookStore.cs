using System.Security.Cryptography;
using IoTPlatform.CertificateAuthority.Provisioners;
using IoTPlatform.CertificateAuthority.Storage;
using IoTPlatform.CertificateAuthority.Webhooks;
using IoTPlatform.Contracts.Events;
using IoTPlatform.Database;
using IoTPlatform.Events;
using IoTPlatform.Hosting;
using Npgsql;

namespace IoTPlatform.CertificateAuthority.EventWebhooks;

/// <summary>Destinations, how far each has been told, and what could not be delivered. Changes by administrators are audited.</summary>
internal sealed class EventWebhookStore(NpgsqlDataSource database, EventReader events, ISecretCipher cipher, WebhookOptions destinations, TimeProvider time)
{
    /// <summary>Of one stack.</summary>
    public const int Most = 16;

    /// <summary>Of one destination; the oldest are forgotten.</summary>
    public const int MostDeadLetters = 1000;

    private const int SecretBytes = 32;
    private const string SecretPrefix = "whsec_";
    private const string Columns = "name, url, types, secret, version, position, attempts";

    /// <summary>That there can be.</summary>
    public IReadOnlySet<string> Types => events.Types;

    /// <summary>
    /// Adds it, or changes the one of that name. The secret is the answer when it is new: of a new destination, and of one with another address, to which what it knew is not told. Throws 422 <c>invalid_webhook</c>
    /// and 409 <c>too_many_webhooks</c>.
    /// </summary>
    public async Task<string?> SaveAsync(string name, string url, IReadOnlyList<string> types, string by, CancellationToken cancellationToken)
    {
        EventWebhook.RequireName(name);
        var destination = EventWebhook.UrlOf(url);
        if (!destinations.HasHost(destination.IdnHost))
        {
            throw EventWebhook.Refused($"{WebhookOptions.Refusal(destination.IdnHost)}.");
        }

        var address = destination.AbsoluteUri;
        EventWebhook.RequireTypes(types, Types);
        var secret = SecretPrefix + Convert.ToBase64String(RandomNumberGenerator.GetBytes(SecretBytes));
        var newest = await events.NewestAsync(cancellationToken);
        var isNew = false;
        await ChangeAsync(
            async connection =>
            {
                // One change at a time, so that what is counted stays true.
                await using (var turn = Command(connection, "LOCK TABLE ca.event_webhooks IN SHARE ROW EXCLUSIVE MODE"))
                {
                    await turn.ExecuteNonQueryAsync(cancellationToken);
                }

                await using (var known = Command(connection, "SELECT (SELECT w.url FROM ca.event_webhooks w WHERE w.name = $1), (SELECT count(*) FROM ca.event_webhooks w WHERE w.name <> $1)", name))
                await using (var reader = await known.ExecuteReaderAsync(cancellationToken))
                {
                    await reader.ReadAsync(cancellationToken);
                    var former = reader.IsDBNull(0) ? null : reader.GetString(0);
                    isNew = former != address;
                    if (former is null && reader.GetInt64(1) >= Most)
                    {
                        throw new ProblemException(409, "too_many_webhooks", $"This stack has {Most} event webhooks. Remove one first.");
                    }
                }

                await using var command = Command(
                    connection,
                    """
                    INSERT INTO ca.event_webhooks AS w (name, url, types, secret, position, next_attempt_at, created_at) VALUES ($1, $2, $3, $4, $5, $6, $6)
                      ON CONFLICT (name) DO UPDATE SET url = excluded.url, types = excluded.types, secret = CASE WHEN $7 THEN excluded.secret ELSE w.secret END,
                        attempts = 0, next_attempt_at = excluded.next_attempt_at, last_error = NULL, version = nextval('ca.versions')
                    """,
                    name, address, types.ToArray(), cipher.Encrypt(PlaceOf(name), secret), newest, time.GetUtcNow(), isNew);
                await command.ExecuteNonQueryAsync(cancellationToken);
                return new AuditEntry(by, "event_webhook.saved", name, AuditDetails.Of(("destination", EventWebhook.DestinationOf(address)), ("types", string.Join(' ', types)), ("new_secret", isNew)));
            },
            cancellationToken);
        return isNew ? secret : null;
    }

    /// <summary>With its dead letters. Throws 404 <c>no_such_webhook</c>.</summary>
    public async Task RemoveAsync(string name, string by, CancellationToken cancellationToken)
    {
        var isRemoved = await ChangeAsync(
            async connection =>
            {
                await using var command = Command(connection, "DELETE FROM ca.event_webhooks WHERE name = $1", name);
                return await command.ExecuteNonQueryAsync(cancellationToken) == 0 ? null : new AuditEntry(by, "event_webhook.removed", name);
            },
            cancellationToken);
        if (!isRemoved)
        {
            throw NotFound(name);
        }
    }

    /// <summary>By name.</summary>
    public Task<IReadOnlyList<EventWebhookView>> ListAsync(CancellationToken cancellationToken) => Outage.GuardAsync<IReadOnlyList<EventWebhookView>>(async () =>
    {
        await using var command = database.CreateCommand(
            """
            SELECT w.name, w.url, w.types, h.sequence - w.position, w.attempts, w.next_attempt_at, w.last_error, w.delivered_at, (SELECT count(*)::int FROM ca.event_dead_letters d WHERE d.webhook = w.name)
            FROM ca.event_webhooks w, audit.head h ORDER BY w.name
            """);
        await using var reader = await command.ExecuteReaderAsync(cancellationToken);
        var found = new List<EventWebhookView>();
        while (await reader.ReadAsync(cancellationToken))
        {
            var attempts = reader.GetInt32(4);
            found.Add(new EventWebhookView
            {
                Name = reader.GetString(0),
                Url = reader.GetString(1),
                Types = reader.GetFieldValue<string[]>(2),
                EntriesWaiting = reader.GetInt64(3),
                Attempts = attempts,
                NextAttemptAt = attempts == 0 ? null : reader.GetFieldValue<DateTimeOffset>(5),
                LastError = reader.IsDBNull(6) ? null : reader.GetString(6),
                DeliveredAt = reader.IsDBNull(7) ? null : reader.GetFieldValue<DateTimeOffset>(7),
                DeadLetters = reader.GetInt32(8),
            });
        }

        return found;
    });

    /// <summary>Throws 404 <c>no_such_webhook</c>, and 409 <c>secret_lost</c> where the data folder does not have the key that its secret was encrypted under.</summary>
    public async Task<EventWebhook> RequireAsync(string name, CancellationToken cancellationToken) => await FindAsync("WHERE name = $1", name, cancellationToken) switch
    {
        [var (webhook, _)] => webhook ?? throw new ProblemException(409, "secret_lost", $"The secret of the event webhook {name} was encrypted under a key that the data folder does not have. Remove it and add it again."),
        _ => throw NotFound(name),
    };

    /// <summary>Those whose next attempt is due. One whose secret can't be decrypted is told nothing.</summary>
    public async Task<IReadOnlyList<EventWebhook>> DueAsync(CancellationToken cancellationToken) =>
        [.. (await FindAsync("WHERE next_attempt_at <= $1 ORDER BY name", time.GetUtcNow(), cancellationToken)).Select(one => one.Webhook).OfType<EventWebhook>()];

    public Task<EventPage> EventsAsync(EventWebhook webhook, int limit, CancellationToken cancellationToken) =>
        Outage.GuardAsync(() => events.ReadAsync(webhook.Position, webhook.Types.Count == 0 ? Types : webhook.Types.ToHashSet(StringComparer.Ordinal), limit, cancellationToken));

    /// <summary>It has been told up to this entry.</summary>
    /// <param name="hasDelivered">False: there was nothing to tell.</param>
    public Task AdvanceAsync(EventWebhook webhook, long position, bool hasDelivered, CancellationToken cancellationToken) => ExecuteAsync(
        "UPDATE ca.event_webhooks SET position = $3, attempts = 0, next_attempt_at = $4, last_error = NULL, delivered_at = CASE WHEN $5 THEN $4 ELSE delivered_at END WHERE name = $1 AND version = $2 AND position <= $3",
        cancellationToken, webhook.Name, webhook.Version, position, time.GetUtcNow(), hasDelivered);

    /// <summary>The event after its position was not taken.</summary>
    public Task BackOffAsync(EventWebhook webhook, TimeSpan wait, string reason, CancellationToken cancellationToken) => ExecuteAsync(
        "UPDATE ca.event_webhooks SET attempts = attempts + 1, next_attempt_at = $3, last_error = $4 WHERE name = $1 AND version = $2",
        cancellationToken, webhook.Name, webhook.Version, time.GetUtcNow() + wait, reason);

    /// <summary>Puts an event aside and moves on behind it, in one transaction.</summary>
    public Task BuryAsync(EventWebhook webhook, PlatformEvent happened, string body, string reason, CancellationToken cancellationToken) => Outage.GuardAsync(async () =>
    {
        await using var connection = await database.OpenConnectionAsync(cancellationToken);
        await using var transaction = await connection.BeginTransactionAsync(cancellationToken);
        await using var advance = Command(
            connection, "UPDATE ca.event_webhooks SET position = $3, attempts = 0, next_attempt_at = $4, last_error = $5 WHERE name = $1 AND version = $2 AND position < $3",
            webhook.Name, webhook.Version, happened.Sequence, time.GetUtcNow(), reason);
        if (await advance.ExecuteNonQueryAsync(cancellationToken) == 1)
        {
            await using var bury = Command(
                connection,
                "INSERT INTO ca.event_dead_letters (webhook, event_id, type, body, reason, failed_at) VALUES ($1, $2, $3, $4, $5, $6) ON CONFLICT DO NOTHING",
                webhook.Name, happened.Id, happened.Type, body, reason, time.GetUtcNow());
            await bury.ExecuteNonQueryAsync(cancellationToken);
            await using var bound = Command(
                connection, "DELETE FROM ca.event_dead_letters WHERE webhook = $1 AND id <= (SELECT id FROM ca.event_dead_letters WHERE webhook = $1 ORDER BY id DESC OFFSET $2 LIMIT 1)", webhook.Name, MostDeadLetters);
            await bound.ExecuteNonQueryAsync(cancellationToken);
            await transaction.CommitAsync(cancellationToken);
        }

        return true;
    });

    /// <summary>Newest first. Throws 404 <c>no_such_webhook</c>.</summary>
    public async Task<IReadOnlyList<EventDeadLetterView>> DeadLettersAsync(string name, CancellationToken cancellationToken)
    {
        _ = (await FindAsync("WHERE name = $1", name, cancellationToken)).Count == 1 ? true : throw NotFound(name);
        return await Outage.GuardAsync<IReadOnlyList<EventDeadLetterView>>(async () =>
        {
            await using var command = database.CreateCommand("SELECT event_id, type, body, reason, failed_at, is_due FROM ca.event_dead_letters WHERE webhook = $1 ORDER BY id DESC");
            command.Parameters.AddWithValue(name);
            await using var reader = await command.ExecuteReaderAsync(cancellationToken);
            var found = new List<EventDeadLetterView>();
            while (await reader.ReadAsync(cancellationToken))
            {
                found.Add(new EventDeadLetterView
                {
                    EventId = reader.GetGuid(0),
                    Type = reader.GetString(1),
                    Event = System.Text.Json.JsonElement.Parse(reader.GetString(2)),
                    Reason = reader.GetString(3),
                    FailedAt = reader.GetFieldValue<DateTimeOffset>(4),
                    Due = reader.GetBoolean(5),
                });
            }

            return found;
        });
    }

    /// <summary>Has them delivered again; how many. Throws 404 <c>no_such_webhook</c>.</summary>
    /// <param name="eventId">This one alone; null: all.</param>
    public async Task<int> RedeliverAsync(string name, Guid? eventId, string by, CancellationToken cancellationToken)
    {
        _ = await RequireAsync(name, cancellationToken);
        var due = 0;
        await ChangeAsync(
            async connection =>
            {
                await using var command = Command(connection, "UPDATE ca.event_dead_letters SET is_due = true WHERE webhook = $1 AND ($2 = '00000000-0000-0000-0000-000000000000' OR event_id = $2)", name, eventId ?? Guid.Empty);
                due = await command.ExecuteNonQueryAsync(cancellationToken);
                return due == 0 ? null : new AuditEntry(by, "event_webhook.redelivered", name, AuditDetails.Of(("events", due)));
            },
            cancellationToken);
        return due;
    }

    /// <summary>Those to be delivered again, oldest first.</summary>
    public Task<IReadOnlyList<DeadLetter>> DueLettersAsync(EventWebhook webhook, int limit, CancellationToken cancellationToken) => Outage.GuardAsync<IReadOnlyList<DeadLetter>>(async () =>
    {
        await using var command = database.CreateCommand("SELECT id, event_id, body FROM ca.event_dead_letters WHERE webhook = $1 AND is_due ORDER BY id LIMIT $2");
        command.Parameters.AddWithValue(webhook.Name);
        command.Parameters.AddWithValue(limit);
        await using var reader = await command.ExecuteReaderAsync(cancellationToken);
        var found = new List<DeadLetter>();
        while (await reader.ReadAsync(cancellationToken))
        {
            found.Add(new DeadLetter(reader.GetInt64(0), reader.GetGuid(1), reader.GetString(2)));
        }

        return found;
    });

    public Task ForgetAsync(DeadLetter letter, CancellationToken cancellationToken) => ExecuteAsync("DELETE FROM ca.event_dead_letters WHERE id = $1", cancellationToken, letter.Id);

    /// <summary>It stays put aside.</summary>
    public Task ReburyAsync(DeadLetter letter, string reason, CancellationToken cancellationToken) =>
        ExecuteAsync("UPDATE ca.event_dead_letters SET is_due = false, reason = $2, failed_at = $3 WHERE id = $1", cancellationToken, letter.Id, reason, time.GetUtcNow());

    public static ProblemException NotFound(string name) => new(404, "no_such_webhook", $"There is no event webhook {name}.");

    private static string PlaceOf(string name) => $"event webhook\n{name}";

    private Task<List<(EventWebhook? Webhook, string Name)>> FindAsync(string condition, object value, CancellationToken cancellationToken) => Outage.GuardAsync(async () =>
    {
        await using var command = database.CreateCommand($"SELECT {Columns} FROM ca.event_webhooks {condition}");
        command.Parameters.AddWithValue(value);
        await using var reader = await command.ExecuteReaderAsync(cancellationToken);
        var found = new List<(EventWebhook?, string)>();
        while (await reader.ReadAsync(cancellationToken))
        {
            var name = reader.GetString(0);
            found.Add((Decrypted(name, reader.GetString(3)) is { } secret
                ? new EventWebhook(name, new Uri(reader.GetString(1)), reader.GetFieldValue<string[]>(2), secret, reader.GetInt64(4), reader.GetInt64(5), reader.GetInt32(6))
                : null, name));
        }

        return found;
    });

    private byte[]? Decrypted(string name, string encrypted)
    {
        try
        {
            return Convert.FromBase64String(cipher.Decrypt(PlaceOf(name), encrypted)[SecretPrefix.Length..]);
        }
        catch (CryptographicException)
        {
            return null;
        }
    }

    private Task ExecuteAsync(string sql, CancellationToken cancellationToken, params object[] values) => Outage.GuardAsync(async () =>
    {
        await using var connection = await database.OpenConnectionAsync(cancellationToken);
        await using var command = Command(connection, sql, values);
        return await command.ExecuteNonQueryAsync(cancellationToken);
    });

    private static NpgsqlCommand Command(NpgsqlConnection connection, string sql, params ReadOnlySpan<object> values)
    {
        var command = new NpgsqlCommand(sql, connection);
        foreach (var value in values)
        {
            command.Parameters.AddWithValue(value);
        }

        return command;
    }

    /// <summary>The change and its entry in one transaction; null: there was nothing to change.</summary>
    private Task<bool> ChangeAsync(Func<NpgsqlConnection, Task<AuditEntry?>> change, CancellationToken cancellationToken) => Outage.GuardAsync(async () =>
    {
        await using var connection = await database.OpenConnectionAsync(cancellationToken);
        await using var transaction = await connection.BeginTransactionAsync(cancellationToken);
        if (await change(connection) is not { } entry)
        {
            return false;
        }

        await AuditLog.AppendAsync(connection, entry, cancellationToken);
        await transaction.CommitAsync(cancellationToken);
        return true;
    });
}
