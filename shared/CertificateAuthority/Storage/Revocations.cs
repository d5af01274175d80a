using IoTPlatform.Pki;
using Npgsql;
using NpgsqlTypes;

namespace IoTPlatform.CertificateAuthority.Storage;

/// <summary>What revokes, releases and reinstates, in the connection's transaction. All of it appends to the audit log, so it comes after every other lock.</summary>
internal static class Revocations
{
    /// <summary>There may be very many of them.</summary>
    private const int ManySeconds = 300;

    public static async Task<RevocationOutcome> RevokeAsync(NpgsqlConnection connection, Revocation revocation, DateTimeOffset now, CancellationToken cancellationToken)
    {
        await using var command = new NpgsqlCommand("SELECT ca.revoke($1,$2,$3,$4,$5,$6,$7,$8,$9)", connection);
        command.Parameters.AddWithValue(now);
        command.Parameters.AddWithValue(revocation.Serial);
        command.Parameters.AddWithValue((int)revocation.ReasonCode);
        command.Parameters.Add(Nullable(revocation.Reason, NpgsqlDbType.Text));
        command.Parameters.AddWithValue(revocation.By);
        command.Parameters.Add(Nullable(revocation.BurnToken?.Hash, NpgsqlDbType.Bytea));
        command.Parameters.Add(Nullable(revocation.BurnToken?.Expires, NpgsqlDbType.TimestampTz));
        command.Parameters.AddWithValue(CertificateAudit.OfRevocation(revocation.Serial, revocation.ReasonCode, revocation.InvalidSince));
        command.Parameters.Add(Nullable(revocation.InvalidSince?.ToUniversalTime(), NpgsqlDbType.TimestampTz));
        return (string?)await command.ExecuteScalarAsync(cancellationToken) switch
        {
            "revoked" => RevocationOutcome.Revoked,
            "already_revoked" => RevocationOutcome.AlreadyRevoked,
            "token_used" => RevocationOutcome.TokenUsed,
            _ => RevocationOutcome.Unknown,
        };
    }

    public static async Task<ReleaseOutcome> ReleaseAsync(NpgsqlConnection connection, Release release, DateTimeOffset now, CancellationToken cancellationToken)
    {
        await using var command = new NpgsqlCommand("SELECT ca.release($1,$2,$3,$4,$5,$6)", connection);
        command.Parameters.AddWithValue(now);
        command.Parameters.AddWithValue(release.Serial);
        command.Parameters.AddWithValue(release.By);
        command.Parameters.Add(Nullable(release.BurnToken?.Hash, NpgsqlDbType.Bytea));
        command.Parameters.Add(Nullable(release.BurnToken?.Expires, NpgsqlDbType.TimestampTz));
        command.Parameters.AddWithValue(CertificateAudit.OfRelease(release.Serial, release.Reason));
        return (string?)await command.ExecuteScalarAsync(cancellationToken) switch
        {
            "released" => ReleaseOutcome.Released,
            "not_on_hold" => ReleaseOutcome.NotOnHold,
            "token_used" => ReleaseOutcome.TokenUsed,
            _ => ReleaseOutcome.Unknown,
        };
    }

    public static async Task<IReadOnlyList<byte[]>> RevokeSubjectAsync(NpgsqlConnection connection, SubjectRevocation revocation, DateTimeOffset now, CancellationToken cancellationToken)
    {
        await using var command = new NpgsqlCommand("SELECT ca.revoke_subject($1,$2,$3,$4,$5,$6,$7)", connection);
        command.Parameters.AddWithValue(now);
        command.Parameters.AddWithValue(revocation.Profile.Name);
        command.Parameters.AddWithValue(revocation.Subject);
        command.Parameters.AddWithValue((int)revocation.ReasonCode);
        command.Parameters.Add(Nullable(revocation.Reason, NpgsqlDbType.Text));
        command.Parameters.AddWithValue(revocation.By);
        command.Parameters.AddWithValue(CertificateAudit.OfSubject(revocation.Profile.Name, revocation.ReasonCode, revocation.Reason));
        return await CertificateStore.ReadBytesAsync(command, cancellationToken);
    }

    public static async Task<IReadOnlyList<byte[]>> RevokeSubjectsAsync(NpgsqlConnection connection, SubjectsRevocation revocation, DateTimeOffset now, CancellationToken cancellationToken)
    {
        await using var command = new NpgsqlCommand("SELECT ca.revoke_subjects($1,$2,$3,$4,$5,$6,$7,$8,$9)", connection) { CommandTimeout = ManySeconds };
        command.Parameters.AddWithValue(now);
        command.Parameters.AddWithValue(revocation.Profile.Name);
        command.Parameters.AddWithValue(revocation.Subjects.ToArray());
        command.Parameters.AddWithValue((int)revocation.ReasonCode);
        command.Parameters.Add(Nullable(revocation.Reason, NpgsqlDbType.Text));
        command.Parameters.AddWithValue(revocation.By);
        command.Parameters.AddWithValue(revocation.Action);
        command.Parameters.AddWithValue(revocation.Target);
        command.Parameters.AddWithValue(CertificateAudit.OfMany(revocation.ReasonCode, revocation.Reason, revocation.Subjects.Count));
        return await CertificateStore.ReadBytesAsync(command, cancellationToken);
    }

    public static Task<IReadOnlyList<byte[]>> RevokeKeyAsync(NpgsqlConnection connection, KeyRevocation revocation, DateTimeOffset now, CancellationToken cancellationToken) =>
        RevokeAllOfAsync(
            connection, "SELECT ca.revoke_public_key($1,$2,$3,$4,$5,$6)", revocation.PublicKeySha256, revocation.ReasonCode, revocation.Reason, revocation.By, now, cancellationToken);

    public static async Task<bool> IsKeyRevokedAsync(NpgsqlConnection connection, byte[] publicKeySha256, CancellationToken cancellationToken)
    {
        await using var command = new NpgsqlCommand("SELECT EXISTS (SELECT FROM ca.revoked_keys k WHERE k.public_key_sha256 = $1)", connection);
        command.Parameters.AddWithValue(publicKeySha256);
        return await command.ExecuteScalarAsync(cancellationToken) is true;
    }

    public static Task<IReadOnlyList<byte[]>> RevokeIssuerAsync(NpgsqlConnection connection, IssuerRevocation revocation, DateTimeOffset now, CancellationToken cancellationToken) =>
        RevokeAllOfAsync(
            connection, "SELECT ca.revoke_issuer($1,$2,$3,$4,$5,$6)", revocation.KeyId, revocation.ReasonCode, revocation.Reason, revocation.By, now, cancellationToken);

    public static Task<IReadOnlyList<byte[]>> RevokeProfileAsync(NpgsqlConnection connection, ProfileRevocation revocation, DateTimeOffset now, CancellationToken cancellationToken) =>
        RevokeAllOfAsync(
            connection, "SELECT ca.revoke_profile($1,$2,$3,$4,$5,$6)", revocation.Profile, revocation.ReasonCode, revocation.Reason, revocation.By, now, cancellationToken);

    private static async Task<IReadOnlyList<byte[]>> RevokeAllOfAsync(
        NpgsqlConnection connection, string function, object what, RevocationReason code, string? reason, string by, DateTimeOffset now, CancellationToken cancellationToken)
    {
        await using var command = new NpgsqlCommand(function, connection) { CommandTimeout = ManySeconds };
        command.Parameters.AddWithValue(now);
        command.Parameters.AddWithValue(what);
        command.Parameters.AddWithValue((int)code);
        command.Parameters.Add(Nullable(reason, NpgsqlDbType.Text));
        command.Parameters.AddWithValue(by);
        command.Parameters.AddWithValue(CertificateAudit.OfMany(code, reason, subjects: null));
        return await CertificateStore.ReadBytesAsync(command, cancellationToken);
    }

    public static async Task<bool> ReleaseSubjectAsync(NpgsqlConnection connection, SubjectRelease release, DateTimeOffset now, CancellationToken cancellationToken)
    {
        await using var command = new NpgsqlCommand("SELECT ca.release_subject($1,$2,$3,$4,$5)", connection);
        command.Parameters.AddWithValue(now);
        command.Parameters.AddWithValue(release.Profile.Name);
        command.Parameters.AddWithValue(release.Subject);
        command.Parameters.AddWithValue(release.By);
        command.Parameters.AddWithValue(CertificateAudit.OfSubject(release.Profile.Name, reasonCode: null, release.Reason));
        return (bool)(await command.ExecuteScalarAsync(cancellationToken))!;
    }

    public static async Task<bool> ReinstateSubjectAsync(NpgsqlConnection connection, SubjectReinstatement reinstatement, CancellationToken cancellationToken)
    {
        await using var command = new NpgsqlCommand("SELECT ca.reinstate_subject($1,$2,$3,$4)", connection);
        command.Parameters.AddWithValue(reinstatement.Profile.Name);
        command.Parameters.AddWithValue(reinstatement.Subject);
        command.Parameters.AddWithValue(reinstatement.By);
        command.Parameters.AddWithValue(CertificateAudit.OfSubject(reinstatement.Profile.Name, reasonCode: null, reinstatement.Reason));
        return (bool)(await command.ExecuteScalarAsync(cancellationToken))!;
    }

    public static async Task<IReadOnlyList<byte[]>> RevokeTenantAsync(NpgsqlConnection connection, TenantRevocation revocation, DateTimeOffset now, CancellationToken cancellationToken)
    {
        await using var command = new NpgsqlCommand("SELECT ca.revoke_tenant($1,$2,$3,$4,$5,$6,$7,$8,$9,$10)", connection) { CommandTimeout = ManySeconds };
        command.Parameters.AddWithValue(now);
        command.Parameters.AddWithValue(revocation.Tenant);
        command.Parameters.Add(Nullable(revocation.Lineage, NpgsqlDbType.Text));
        command.Parameters.Add(Nullable(revocation.ExceptLineage, NpgsqlDbType.Text));
        command.Parameters.Add(Nullable(revocation.Profile?.Name, NpgsqlDbType.Text));
        command.Parameters.Add(Nullable(revocation.ExceptKey, NpgsqlDbType.Bytea));
        command.Parameters.AddWithValue(revocation.EndedLineages.ToArray());
        command.Parameters.AddWithValue((int)revocation.ReasonCode);
        command.Parameters.Add(Nullable(revocation.Reason, NpgsqlDbType.Text));
        command.Parameters.AddWithValue(revocation.By);
        return await CertificateStore.ReadBytesAsync(command, cancellationToken);
    }

    private static NpgsqlParameter Nullable(object? value, NpgsqlDbType type) => new() { Value = value ?? DBNull.Value, NpgsqlDbType = type };
}
