using IoTPlatform.CertificateAuthority.Storage;
using IoTPlatform.Jose;
using Microsoft.Extensions.Caching.Memory;
using Microsoft.IdentityModel.Tokens;
using Npgsql;
using NpgsqlTypes;

namespace IoTPlatform.CertificateAuthority.Acme;

/// <summary>What every request takes of the database, in one statement that waits for no disk: its nonce is used up, and its account is read as it is now.</summary>
internal sealed class AcmeAdmission(NpgsqlDataSource database, AcmeAccounts accounts, AcmeNonces nonces) : IDisposable
{
    private const int MostKept = 10_000;

    /// <summary>Those that are valid, by provisioner and id, as they were at their last request.</summary>
    private readonly MemoryCache _known = new(new MemoryCacheOptions { SizeLimit = MostKept });

    /// <summary>
    /// The account as it was lately: whose key a signature is to be verified with before anything is spent. What it is now, <see cref="AdmitAsync"/> says. Throws <c>accountDoesNotExist</c>,
    /// and <c>unauthorized</c> for one that is deactivated.
    /// </summary>
    public async ValueTask<KnownAccount> ExpectAsync(string provisioner, string id, CancellationToken cancellationToken) =>
        _known.Get<KnownAccount>((provisioner, id)) ?? await ReadAsync(provisioner, id, cancellationToken);

    /// <summary>As <see cref="ExpectAsync"/>, as the account is in this moment.</summary>
    public async Task<KnownAccount> ReadAsync(string provisioner, string id, CancellationToken cancellationToken) => KnownAccount.Of(await accounts.FindAsync(provisioner, id, cancellationToken));

    /// <summary>The account as it is now; null for none. Throws <c>badNonce</c> for one that was used, and as <see cref="ExpectAsync"/> does.</summary>
    /// <param name="nonce">Of a request whose signature is right: so that nobody spends another's.</param>
    /// <param name="provisioner">Whose server it was sent to.</param>
    /// <param name="expected">Null: it is signed by another key than an account's.</param>
    /// <param name="cancellationToken">Gives up.</param>
    public async Task<KnownAccount?> AdmitAsync(SealedNonce nonce, string provisioner, KnownAccount? expected, CancellationToken cancellationToken) =>
        (await AdmitAsync<AcmeOrder>(nonce, provisioner, expected, lookup: null, cancellationToken)).Account;

    /// <summary>As <see cref="AdmitAsync"/>, with what the request is about: the expected account's, and for nobody to see who is not that account still.</summary>
    public Task<(KnownAccount? Account, T? Found)> AdmitAsync<T>(SealedNonce nonce, string provisioner, KnownAccount? expected, AcmeLookup<T>? lookup, CancellationToken cancellationToken)
        where T : class => Outage.GuardAsync(async () =>
    {
        await using var batch = database.CreateBatch();
        var admission = new NpgsqlBatchCommand($"""
            WITH spent AS (
              INSERT INTO acme.used_nonces (nonce) SELECT $1 WHERE EXISTS (SELECT FROM acme.nonce_seals WHERE id = $2) ON CONFLICT DO NOTHING RETURNING nonce
            )
            SELECT EXISTS (SELECT FROM spent), EXISTS (SELECT FROM acme.nonce_seals WHERE id = $2), {AcmeAccounts.Columns}
            FROM (SELECT) request LEFT JOIN acme.accounts ON provisioner = $3 AND id = $4
            """);
        AcmeAccounts.Add(admission.Parameters, nonce.Value, nonce.SealId, provisioner);
        admission.Parameters.Add(new NpgsqlParameter { Value = (object?)expected?.Account.Id ?? DBNull.Value, NpgsqlDbType = NpgsqlDbType.Text });
        batch.BatchCommands.Add(admission);
        if (lookup is not null && expected is not null)
        {
            var second = new NpgsqlBatchCommand(lookup.Sql);
            AcmeAccounts.Add(second.Parameters, expected.Account.Id, lookup.Id);
            batch.BatchCommands.Add(second);
        }

        await using var reader = await batch.ExecuteReaderAsync(cancellationToken);
        await reader.ReadAsync(cancellationToken);
        if (!reader.GetBoolean(0))
        {
            if (!reader.GetBoolean(1))
            {
                nonces.Forget(nonce.SealId);
            }

            throw AcmeException.BadNonce();
        }

        if (expected is null)
        {
            return ((KnownAccount?)null, (T?)null);
        }

        var account = reader.IsDBNull(2) ? null : AcmeAccounts.Read(reader, 2);
        var key = (provisioner, expected.Account.Id);
        if (account is not { Status: AcmeStatus.Valid })
        {
            _known.Remove(key);
        }

        var known = account?.Thumbprint == expected.Account.Thumbprint && account.Status == AcmeStatus.Valid ? expected with { Account = account } : KnownAccount.Of(account);
        _known.Set(key, known, new MemoryCacheEntryOptions { Size = 1 });
        return (known, lookup is not null && await reader.NextResultAsync(cancellationToken) ? await lookup.ReadAsync(reader, expected.Account.Id, cancellationToken) : null);
    });

    public void Dispose() => _known.Dispose();
}

/// <summary>A valid account.</summary>
/// <param name="Account">As it was read.</param>
/// <param name="Key">Its key.</param>
/// <param name="Verification">By that key. Left to the garbage collector: a request may be at it whenever it is forgotten.</param>
internal sealed record KnownAccount(AcmeAccount Account, JsonWebKey Key, VerificationKey Verification)
{
    public static KnownAccount Of(AcmeAccount? account)
    {
        switch (account)
        {
            case null:
                throw AcmeException.Of("accountDoesNotExist", "There is no such account.", 400);
            case { Status: AcmeStatus.Valid }:
                var key = JsonWebKey.Parse(account.Jwk);
                return new KnownAccount(account, key, VerificationKey.From(key));
            default:
                throw AcmeException.Of("unauthorized", "The account is deactivated.", 401);
        }
    }
}
