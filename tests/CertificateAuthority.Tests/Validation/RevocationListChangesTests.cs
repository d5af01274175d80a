using IoTPlatform.CertificateAuthority.Validation;
using IoTPlatform.Pki;
using IoTPlatform.Testing;
using Microsoft.Extensions.Logging.Abstractions;
using Org.BouncyCastle.Asn1;
using Org.BouncyCastle.Asn1.X509;

namespace IoTPlatform.CertificateAuthority.Tests.Validation;

/// <summary>A list is made of the one before and of what has changed since, and is the same as one that is made of all there is.</summary>
[Collection(nameof(SharedValidationHost))]
public sealed class RevocationListChangesTests : IDisposable
{
    private const string Row = "shard = -1 AND issuer_key_id = $1";

    private readonly ValidationHost _host;
    private readonly FakeTime _time = new(TimeProvider.System.GetUtcNow());
    private RevocationLists _lists;

    public RevocationListChangesTests(ValidationHost host)
    {
        _host = host;
        _lists = Lists();
    }

    [SkippableFact]
    public async Task List_EachChange_GoesOnFromTheOneBefore()
    {
        var (revoked, held, ended) = (await EnrolAsync("revoked"), await EnrolAsync("held"), await EnrolAsync("ended"));
        await NextAsync();
        var whole = await WholeAtAsync();

        await RevokeAsync(revoked);
        await RevokeAsync(held, RevocationReason.CertificateHold);
        await RevokeAsync(ended, RevocationReason.CertificateHold);
        var first = await NextAsync();
        await RevokeAsync(ended);
        await _host.Ca.Authority.ReleaseAsync(new Release { Serial = held, By = "admin" }, default);
        var second = await NextAsync();

        (await WholeAtAsync()).ShouldBe(whole, "both were made of changes");
        Reasons(first, revoked, held, ended).ShouldBe([CrlReason.KeyCompromise, CrlReason.CertificateHold, CrlReason.CertificateHold]);
        Reasons(second, revoked, held, ended).ShouldBe([CrlReason.KeyCompromise, null, CrlReason.KeyCompromise]);
        await ShouldBeAsOfAllThereIsAsync(second);
    }

    /// <summary>A transaction that began before the list was made, and commits after it, has a lower number than what the list has.</summary>
    [SkippableFact]
    public async Task List_RevocationThatCommitsAfterALaterOne_IsNotMissed()
    {
        var (slow, fast) = (await EnrolAsync("slow"), await EnrolAsync("fast"));
        await NextAsync();
        await using var connection = await _host.Ca.Database.DataSource.OpenConnectionAsync();
        await using var transaction = await connection.BeginTransactionAsync();
        await using (var insert = new Npgsql.NpgsqlCommand("INSERT INTO ca.revocations (serial, reason_code, revoked_by, revoked_at) VALUES ($1, 1, 'admin', now())", connection))
        {
            insert.Parameters.AddWithValue(slow);
            await insert.ExecuteNonQueryAsync();
        }

        await RevokeAsync(fast);
        var before = await NextAsync();
        await transaction.CommitAsync();
        var after = await NextAsync();

        Reasons(before, slow, fast).ShouldBe([null, CrlReason.KeyCompromise]);
        Reasons(after, slow, fast).ShouldBe([CrlReason.KeyCompromise, CrlReason.KeyCompromise]);
        await ShouldBeAsOfAllThereIsAsync(after);
    }

    /// <summary>As from a restored backup: another server counts transactions from another number.</summary>
    [SkippableFact]
    public async Task List_OfAnotherServer_IsMadeOfAllThereIs()
    {
        var revoked = await EnrolAsync("restored");
        await RevokeAsync(revoked);
        var list = await NextAsync();
        var whole = await WholeAtAsync();
        await ChangeRowAsync("server = server - interval '1 day', since = '9223372036854775807'::xid8");
        // A process that has begun since: one that knows the list would find it current while any transaction is open that was before it.
        _lists.Dispose();
        _lists = Lists();

        var next = await NextAsync();

        next.Number.ShouldBeGreaterThan(list.Number);
        (await WholeAtAsync()).ShouldBeGreaterThan(whole);
        await ShouldBeAsOfAllThereIsAsync(next);
    }

    /// <summary>What is in the row is signed again only if it was signed before.</summary>
    [SkippableFact]
    public async Task List_DamagedInTheDatabase_IsMadeOfAllThereIs()
    {
        await RevokeAsync(await EnrolAsync("damaged"));
        await NextAsync();
        await ChangeRowAsync("der = set_byte(der, octet_length(der) - 200, get_byte(der, octet_length(der) - 200) # 1), changes = changes - 1");

        await ShouldBeAsOfAllThereIsAsync(await NextAsync());
    }

    [SkippableFact]
    public async Task List_NothingHasChanged_IsTheSame()
    {
        await RevokeAsync(await EnrolAsync("same"));
        var list = await NextAsync();

        (await NextAsync()).Number.ShouldBe(list.Number);
    }

    public void Dispose() => _lists.Dispose();

    private RevocationLists Lists() => new(_host.Ca.Authority, _host.Ca.Database.DataSource, _time, NullLogger<RevocationLists>.Instance);

    private byte[] Issuer => _host.Ca.Authority.Issuers.Active.Issuer.SubjectKeyIdentifier.ToArray();

    private async Task<byte[]> EnrolAsync(string name)
    {
        using var certificate = await _host.Ca.EnrollAsync($"{name}.changes.test");
        return certificate.SerialNumberBytes.ToArray();
    }

    private Task RevokeAsync(byte[] serial, RevocationReason reason = RevocationReason.KeyCompromise) => ValidationHost.RevokeAsync(_host.Ca, serial, reason);

    /// <summary>Not the one that is given again for half a second.</summary>
    private async Task<RevocationList> NextAsync()
    {
        _time.Advance(TimeSpan.FromSeconds(1));
        return (await _lists.FindAsync(Convert.ToHexStringLower(Issuer), shard: null, default))!;
    }

    private async Task<DateTime> WholeAtAsync()
    {
        await using var command = _host.Ca.Database.DataSource.CreateCommand($"SELECT whole_at FROM ca.revocation_lists WHERE {Row}");
        command.Parameters.AddWithValue(Issuer);
        return (DateTime)(await command.ExecuteScalarAsync())!;
    }

    private async Task ChangeRowAsync(string set)
    {
        await using var command = _host.Ca.Database.DataSource.CreateCommand($"UPDATE ca.revocation_lists SET {set} WHERE {Row}");
        command.Parameters.AddWithValue(Issuer);
        (await command.ExecuteNonQueryAsync()).ShouldBe(1);
    }

    private async Task ShouldBeAsOfAllThereIsAsync(RevocationList list)
    {
        await ChangeRowAsync("changes = -1, whole_at = '-infinity'");
        var all = Entries(await NextAsync());
        Entries(list).Order(StringComparer.Ordinal).ShouldBe(all.Order(StringComparer.Ordinal));
    }

    /// <summary>Each entry's serial number, date and reason; one that is there twice is twice in it.</summary>
    private static List<string> Entries(RevocationList list) =>
        [.. Parse(list).GetRevokedCertificateEnumeration().Select(entry => $"{entry.UserCertificate} {entry.RevocationDate} {Reason(entry)}")];

    private static List<int?> Reasons(RevocationList list, params byte[][] serials) =>
        [.. serials.Select(serial => Parse(list).GetRevokedCertificateEnumeration().SingleOrDefault(entry => entry.UserCertificate.Value.ToByteArray().SequenceEqual(serial)) is { } entry ? Reason(entry) : null)];

    private static int? Reason(CrlEntry entry) =>
        entry.Extensions is null ? CrlReason.Unspecified : DerEnumerated.GetInstance(entry.Extensions.GetExtensionParsedValue(X509Extensions.ReasonCode)).IntValueExact;

    private static TbsCertificateList Parse(RevocationList list) => CertificateList.GetInstance(list.Der).TbsCertList;
}
