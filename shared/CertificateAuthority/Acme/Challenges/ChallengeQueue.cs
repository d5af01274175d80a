using IoTPlatform.CertificateAuthority.Storage;
using Npgsql;
using NpgsqlTypes;

namespace IoTPlatform.CertificateAuthority.Acme.Challenges;

/// <summary>A challenge that a client said is ready to be looked at.</summary>
/// <param name="Thumbprint">Of the account's key.</param>
/// <param name="Attempts">Made so far, this one included.</param>
internal sealed record DueChallenge(string Id, string Type, string Token, AcmeIdentifier Identifier, string Thumbprint, int Attempts)
{
    /// <summary>RFC 8555 8.1.</summary>
    public string KeyAuthorization => $"{Token}.{Thumbprint}";
}

/// <summary>Challenges that wait to be looked at, in the database: a process that dies while it looks leaves them to another.</summary>
internal sealed class ChallengeQueue(NpgsqlDataSource database)
{
    /// <summary>Longer than a look takes.</summary>
    private static readonly TimeSpan Lease = TimeSpan.FromSeconds(60);

    /// <summary>Of one account; a whole order's at once are within.</summary>
    public const int MostUnderWay = 100;

    /// <summary>What is worth a look: an order that has ended needs none.</summary>
    private const string Open = """
        acme.challenges c JOIN acme.authorizations a ON a.id = c.authorization_id JOIN acme.orders o ON o.id = a.order_id
        WHERE c.status = 'processing' AND o.status = 'pending' AND o.expires_at > $1
        """;

    /// <summary>Has it looked at. False: it is under way or over, or the account has <see cref="MostUnderWay"/>.</summary>
    /// <param name="accountId">Whose.</param>
    /// <param name="challengeId">Which.</param>
    /// <param name="isTaken">This process looks at once, as if it had taken it from the queue.</param>
    /// <param name="now">When.</param>
    /// <param name="cancellationToken">Gives up.</param>
    public Task<bool> StartAsync(string accountId, string challengeId, bool isTaken, DateTimeOffset now, CancellationToken cancellationToken) => Outage.GuardAsync(async () =>
    {
        await using var command = database.CreateCommand($"""
            UPDATE acme.challenges SET status = 'processing', due_at = $5, attempts = $6 WHERE id = $2 AND status = 'pending' AND (SELECT count(*) FROM {Open} AND o.account_id = $3) < $4
            """);
        AcmeAccounts.Add(command, now, challengeId, accountId, MostUnderWay, isTaken ? now + Lease : now, isTaken ? 1 : 0);
        return await command.ExecuteNonQueryAsync(cancellationToken) == 1;
    });

    /// <summary>Takes those that are due, for this process: of each account the first, then of each the second.</summary>
    public async Task<IReadOnlyList<DueChallenge>> TakeAsync(int most, DateTimeOffset now, CancellationToken cancellationToken)
    {
        await using var command = database.CreateCommand($"""
            WITH turns AS (
              SELECT c.id, c.due_at, row_number() OVER (PARTITION BY o.account_id ORDER BY c.due_at) AS turn FROM {Open} AND c.due_at <= $1
            ), due AS (
              SELECT c.id FROM acme.challenges c JOIN turns ON turns.id = c.id WHERE c.status = 'processing' AND c.due_at <= $1
              ORDER BY turns.turn, turns.due_at LIMIT $2 FOR UPDATE OF c SKIP LOCKED
            ), taken AS (
              UPDATE acme.challenges c SET due_at = $3, attempts = c.attempts + 1 FROM due WHERE c.id = due.id RETURNING c.id, c.authorization_id, c.type, c.token, c.attempts
            )
            SELECT t.id, t.type, t.token, a.type, a.value, account.thumbprint, t.attempts
            FROM taken t JOIN acme.authorizations a ON a.id = t.authorization_id JOIN acme.orders o ON o.id = a.order_id JOIN acme.accounts account ON account.id = o.account_id
            """);
        AcmeAccounts.Add(command, now, most, now + Lease);
        await using var reader = await command.ExecuteReaderAsync(cancellationToken);
        var taken = new List<DueChallenge>();
        while (await reader.ReadAsync(cancellationToken))
        {
            taken.Add(new DueChallenge(
                reader.GetString(0), reader.GetString(1), reader.GetString(2), new AcmeIdentifier(reader.GetString(3), reader.GetString(4)), reader.GetString(5), reader.GetInt32(6)));
        }

        return taken;
    }

    /// <summary>When the next one is due; null: none is.</summary>
    public async Task<DateTimeOffset?> NextAsync(DateTimeOffset now, CancellationToken cancellationToken)
    {
        await using var command = database.CreateCommand($"SELECT min(c.due_at) FROM {Open}");
        AcmeAccounts.Add(command, now);
        return await command.ExecuteScalarAsync(cancellationToken) is DateTime due ? due : null;
    }

    public async Task RetryAsync(DueChallenge challenge, AcmeProblem problem, DateTimeOffset at, CancellationToken cancellationToken)
    {
        await using var command = database.CreateCommand("UPDATE acme.challenges SET error = $2, due_at = $3 WHERE id = $1 AND status = 'processing'");
        AcmeAccounts.Add(command, challenge.Id, problem.ToJson(), at);
        await command.ExecuteNonQueryAsync(cancellationToken);
    }

    /// <summary>With its authorization and, if that was the last thing to prove, its order.</summary>
    /// <param name="challenge">Id of the one that was looked at.</param>
    /// <param name="problem">Null: it is proven.</param>
    /// <param name="proof">What is known then.</param>
    /// <param name="now">When.</param>
    /// <param name="cancellationToken">Gives up.</param>
    public async Task FinishAsync(string challenge, AcmeProblem? problem, ChallengeProof proof, DateTimeOffset now, CancellationToken cancellationToken)
    {
        await using var command = database.CreateCommand("SELECT acme.finish_challenge($1, $2, $3, $4, $5)");
        AcmeAccounts.Add(command, challenge, now);
        command.Parameters.Add(new NpgsqlParameter { Value = (object?)problem?.ToJson() ?? DBNull.Value, NpgsqlDbType = NpgsqlDbType.Text });
        command.Parameters.Add(new NpgsqlParameter { Value = (object?)proof.Key ?? DBNull.Value, NpgsqlDbType = NpgsqlDbType.Bytea });
        command.Parameters.Add(new NpgsqlParameter { Value = (object?)proof.Claims ?? DBNull.Value, NpgsqlDbType = NpgsqlDbType.Text });
        await command.ExecuteNonQueryAsync(cancellationToken);
    }
}
