using IoTPlatform.CertificateAuthority.Storage;

namespace IoTPlatform.CertificateAuthority.Tests;

/// <summary>One batch, many fates: the function <c>ca.record</c>.</summary>
public sealed class LedgerCommandTests : LedgerTestBase
{
    private static readonly DateTimeOffset Now = new(2030, 1, 1, 0, 0, 0, TimeSpan.Zero);

    [SkippableFact]
    public async Task Record_TokenTwiceInOneBatch_TheFirstWins()
    {
        var outcomes = await RecordAsync(LedgerRows.New("a", token: LedgerRows.Token(1)), LedgerRows.New("b", token: LedgerRows.Token(1)), LedgerRows.New("c"));

        outcomes.Select(o => o.Status).ShouldBe([LedgerStatus.Stored, LedgerStatus.TokenUsed, LedgerStatus.Stored]);
        (await Database.ScalarAsync<string>("SELECT string_agg(subject, '' ORDER BY subject) FROM ca.certificates")).ShouldBe("ac");
        await ShouldHaveIntactAuditAsync(2);
    }

    [SkippableFact]
    public async Task Record_IdempotencyKeyTwiceInOneBatch_TheSecondGetsTheFirstAndKeepsItsToken()
    {
        var first = LedgerRows.New(idempotencyKey: "k", token: LedgerRows.Token(1));

        var outcomes = await RecordAsync(first, LedgerRows.New(idempotencyKey: "k", token: LedgerRows.Token(2)));

        outcomes.Select(o => o.Status).ShouldBe([LedgerStatus.Stored, LedgerStatus.Exists]);
        outcomes[1].StoredDer.ShouldBe(first.Der);
        outcomes[1].StoredKey.ShouldBe(first.PublicKeySha256);
        (await CountAsync("ca.used_tokens")).ShouldBe(1);
        (await RecordAsync(LedgerRows.New(token: LedgerRows.Token(2))))[0].Status.ShouldBe(LedgerStatus.Stored);
    }

    [SkippableFact]
    public async Task Record_EarlierIdempotencyKeyWithItsOwnUsedToken_GetsTheStoredCertificate()
    {
        var first = LedgerRows.New(idempotencyKey: "k", token: LedgerRows.Token(1));
        await RecordAsync(first);

        var outcome = (await RecordAsync(LedgerRows.New(idempotencyKey: "k", token: LedgerRows.Token(1))))[0];

        outcome.Status.ShouldBe(LedgerStatus.Exists);
        outcome.StoredDer.ShouldBe(first.Der);
    }

    [SkippableFact]
    public async Task Record_Renewals_NeedAnUnrevokedPredecessorOfTheSameProfile()
    {
        var good = LedgerRows.New("good");
        var gone = LedgerRows.New("gone");
        var device = LedgerRows.New("device", "device");
        await RecordAsync(good, gone, device);
        await Database.ExecuteAsync("INSERT INTO ca.revocations VALUES ($1, 1, NULL, 'x', now())", gone.Serial);

        var outcomes = await RecordAsync(
            LedgerRows.New("good", renews: good.Serial),
            LedgerRows.New("gone", renews: gone.Serial),
            LedgerRows.New("device", renews: device.Serial),
            LedgerRows.New("none", renews: [9, 9, 9]),
            LedgerRows.New("plain"));

        outcomes.Select(o => o.Status).ShouldBe([LedgerStatus.Stored, LedgerStatus.Revoked, LedgerStatus.OtherProfile, LedgerStatus.UnknownCertificate, LedgerStatus.Stored]);
        outcomes[2].StoredProfile.ShouldBe("device");
        await ShouldHaveIntactAuditAsync(5);
        (await Database.ScalarAsync<string>("SELECT string_agg(action || ' ' || subject, ',' ORDER BY sequence) FROM audit.entries WHERE sequence > 3")).ShouldBe("certificate.renewed good,certificate.issued plain");
    }

    [SkippableFact]
    public async Task Record_Renewal_TakesProvisionerAndTenantFromItsPredecessor()
    {
        var first = LedgerRows.New();
        await RecordAsync(first);

        var renewal = LedgerRows.New(renews: first.Serial);
        await RecordAsync(renewal);

        (await Database.ScalarAsync<string>("SELECT provisioner || ' ' || tenant FROM ca.certificates WHERE serial = $1", renewal.Serial)).ShouldBe("iot-bridge acme");
    }

    [SkippableFact]
    public async Task Record_RevokedSubject_IsRefusedForItsProfileOnly()
    {
        await Database.ExecuteAsync("SELECT ca.revoke_subject($1, 'device', 'pump', 1, NULL, 'admin', '{}')", Now);

        var outcomes = await RecordAsync(LedgerRows.New("pump", "device", token: LedgerRows.Token(1)), LedgerRows.New("pump", "leaf"), LedgerRows.New("other", "device"));

        outcomes.Select(o => o.Status).ShouldBe([LedgerStatus.SubjectRevoked, LedgerStatus.Stored, LedgerStatus.Stored]);
        (await CountAsync("ca.used_tokens")).ShouldBe(0);
    }

    [SkippableFact]
    public async Task Record_OfAnIssuerThatWasRetired_IsRefused_ButForItsResponder()
    {
        var before = LedgerRows.New("before", idempotencyKey: "k");
        await RecordAsync(before);
        await Database.ExecuteAsync("INSERT INTO ca.issuers (name, key_id, chain, source, state, created_at) VALUES ('factory', '\\x01', 'any', 'imported', 'retired', now())");

        var outcomes = await RecordAsync(LedgerRows.New("after", token: LedgerRows.Token(1)), LedgerRows.New("OCSP", "ocsp-responder"), LedgerRows.New("before", idempotencyKey: "k"), before);

        outcomes.Select(o => o.Status).ShouldBe([LedgerStatus.IssuerRetired, LedgerStatus.Stored, LedgerStatus.Exists, LedgerStatus.Stored]);
        outcomes[2].StoredDer.ShouldBe(before.Der);
        (await CountAsync("ca.used_tokens")).ShouldBe(0);
        await ShouldHaveIntactAuditAsync(2);
    }

    [SkippableFact]
    public async Task Record_TheSameBatchAgain_IsStoredOnceAndSaysStored()
    {
        LedgerEntry[] batch = [LedgerRows.New("a", token: LedgerRows.Token(1)), LedgerRows.New("b", idempotencyKey: "k"), LedgerRows.New("c")];
        await RecordAsync(batch);

        var again = await RecordAsync(batch);

        again.ShouldAllBe(o => o.Status == LedgerStatus.Stored);
        (await CountAsync("ca.certificates")).ShouldBe(3);
        await ShouldHaveIntactAuditAsync(3);
    }

    [SkippableFact]
    public async Task Record_SansWithSeveralNames_AreStoredAsAnArray()
    {
        await RecordAsync(LedgerRows.New("pump"));

        (await Database.ScalarAsync<string[]>("SELECT sans FROM ca.certificates")).ShouldBe(["pump", "spiffe://x/pump"]);
    }

    [SkippableTheory]
    [InlineData("UPDATE ca.certificates SET subject = 'x'")]
    [InlineData("DELETE FROM ca.certificates")]
    [InlineData("TRUNCATE ca.certificates CASCADE")]
    [InlineData("DELETE FROM ca.revocations")]
    [InlineData("UPDATE ca.revocations SET reason_code = 0")]
    [InlineData("DELETE FROM ca.ended_holds")]
    [InlineData("DELETE FROM ca.intents")]
    public async Task Tables_AsThePlatformsRole_AreAppendOnly(string sql)
    {
        var entry = LedgerRows.New();
        await RecordAsync(entry);
        await Database.ExecuteAsync("INSERT INTO ca.revocations VALUES ($1, 1, NULL, 'x', now())", entry.Serial);

        var refused = await Should.ThrowAsync<Npgsql.PostgresException>(Database.ExecuteAsync(sql));

        refused.MessageText.ShouldContain("append-only");
    }

    private async Task<LedgerOutcome[]> RecordAsync(params LedgerEntry[] batch)
    {
        await using var connection = await Database.DataSource.OpenConnectionAsync();
        await using var command = await LedgerCommand.PrepareAsync(connection, TimeSpan.FromSeconds(30), CancellationToken.None);
        return await command.ExecuteAsync(batch, Now, CancellationToken.None);
    }
}
