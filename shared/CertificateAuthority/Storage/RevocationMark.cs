using Npgsql;
using NpgsqlTypes;

namespace IoTPlatform.CertificateAuthority.Storage;

/// <summary>What has been revoked, put on hold and released since a moment (<c>ca.revocation_mark</c>): an equal one of the same moment means nothing has. It costs what has changed, whatever there is.</summary>
/// <param name="Server">When the database's server was started: it counts transactions.</param>
/// <param name="Since">Every change of a transaction below this one was seen.</param>
/// <param name="Changes">Their number from there on, of all issuers.</param>
internal sealed record RevocationMark(DateTimeOffset Server, ulong Since, long Changes)
{
    private const int TimeoutSeconds = 5;
    private const int All = -1;

    /// <summary>Of now.</summary>
    /// <param name="connection">To the stack's database.</param>
    /// <param name="shard">Last octet of the serial number; null: all of them.</param>
    /// <param name="known">From when on; null, or of a server that was started anew: from now on.</param>
    /// <param name="cancellationToken">Ends the wait.</param>
    public static async Task<RevocationMark> ReadAsync(NpgsqlConnection connection, byte? shard, RevocationMark? known, CancellationToken cancellationToken)
    {
        await using var command = new NpgsqlCommand("SELECT server, since, changes FROM ca.revocation_mark($1, $2, $3)", connection) { CommandTimeout = TimeoutSeconds };
        command.Parameters.AddWithValue((int)(shard ?? All));
        command.Parameters.Add(new NpgsqlParameter { Value = known is null ? DBNull.Value : known.Server, NpgsqlDbType = NpgsqlDbType.TimestampTz });
        command.Parameters.Add(new NpgsqlParameter { Value = known is null ? DBNull.Value : known.Since, NpgsqlDbType = NpgsqlDbType.Xid8 });
        await using var reader = await command.ExecuteReaderAsync(cancellationToken);
        await reader.ReadAsync(cancellationToken);
        return new RevocationMark(reader.GetFieldValue<DateTimeOffset>(0), reader.GetFieldValue<ulong>(1), reader.GetInt64(2));
    }
}
