using Npgsql;

namespace IoTPlatform.CertificateAuthority.Acme;

/// <summary>What a request is about, read of the database together with its admission: one way there instead of two.</summary>
/// <param name="Sql">Of the account $1 the one with the id $2.</param>
/// <param name="Id">As the request's address has it.</param>
/// <param name="ReadAsync">Of its rows, with the account's id; null: the account has no such thing.</param>
internal sealed record AcmeLookup<T>(string Sql, string Id, Func<NpgsqlDataReader, string, CancellationToken, Task<T?>> ReadAsync)
    where T : class;
