using System.Security.Cryptography;
using IoTPlatform.CertificateAuthority.Events;
using IoTPlatform.CertificateAuthority.Inventory;
using IoTPlatform.CertificateAuthority.Storage;
using IoTPlatform.Hosting;
using IoTPlatform.Pki;
using IoTPlatform.Testing;
using Microsoft.Extensions.Logging.Abstractions;
using Npgsql;

namespace IoTPlatform.CertificateAuthority.Tests.Events;

/// <summary>Which certificates are published as expiring, each once. Hours are counted from <see cref="Start"/>.</summary>
public sealed class ExpiryScanTests : LedgerTestBase
{
    private static readonly DateTimeOffset Start = new(2030, 3, 1, 0, 0, 0, TimeSpan.Zero);

    private CertificateStore Store => new(Database.DataSource);

    [SkippableTheory]
    [InlineData(10, 8)] // a fifth is left
    [InlineData(5 / 60.0, 4 / 60.0)]
    [InlineData(150 * 24, 120 * 24)] // a fifth is 30 days
    [InlineData(365 * 24, 335 * 24)] // 30 days, less than a fifth
    public async Task Scan_Lifetime_PublishesFromThatMomentOnAndOnce(double lifetime, double due)
    {
        await ScanAsync(0);
        await StoreAsync("pump", to: lifetime);

        (await ScanAsync(due - 0.001)).ShouldBeEmpty();
        (await ScanAsync(due)).ShouldBe(["pump"]);
        (await ScanAsync(due + 0.05)).ShouldBeEmpty();
        (await ScanAsync(lifetime + 1)).ShouldBeEmpty();
    }

    [SkippableFact]
    public async Task Scan_IssuedWithLessThanAFifthLeft_PublishesAtOnce()
    {
        await ScanAsync(9);
        await StoreAsync("late", issued: 9.5);

        (await ScanAsync(9.6)).ShouldBe(["late"]);
    }

    [SkippableFact]
    public async Task Scan_Replaced_IsNotPublished()
    {
        await StoreAsync("rekeyed");
        await StoreAsync("rekeyed", to: 20);
        var first = await StoreAsync("renewed");
        await StoreAsync("renewed", from: 6, to: 9, renews: first);

        (await ScanAsync(8)).ShouldBeEmpty();
        (await ScanAsync(8.5)).ShouldBe(["renewed"], "its renewal ends earlier than itself");
        (await ScanAsync(12)).ShouldBeEmpty();
    }

    [SkippableFact]
    public async Task Scan_OtherCertificatesOfTheSameName_ReplaceNothing()
    {
        await StoreAsync("earlier", to: 20);
        await StoreAsync("earlier");
        await StoreAsync("profile");
        await StoreAsync("profile", profile: "leaf", to: 20);
        await StoreAsync("shorter");
        await StoreAsync("shorter", to: 9.9);
        await StoreAsync("tenant", tenant: "acme");
        await StoreAsync("tenant", tenant: "other", to: 20);
        await StoreAsync("undone");
        await RevokeAsync(await StoreAsync("undone", to: 20));

        (await ScanAsync(8)).ShouldBe(["shorter", "earlier", "profile", "shorter", "tenant", "undone"]);
    }

    [SkippableFact]
    public async Task Scan_LaterCertificateOfAnotherEndpoint_ReplacesNothing()
    {
        await StoreAsync("web.test", profile: "leaf");
        var renewed = await StoreAsync("web.test", profile: "leaf");
        await StoreAsync("web.test", from: 6, to: 16, profile: "leaf", renews: renewed);
        await StoreAsync("web.test", to: 20, profile: "leaf");
        await MapAsync(8);

        (await ScanAsync(8)).ShouldBe(["web.test"], "the others are renewed, or have time");
    }

    /// <summary>The subject of a leaf without a common name is the first of its names, and an ACME client may order them as it likes.</summary>
    [SkippableTheory]
    [InlineData("a.test", "b.test", "b.test,a.test")]
    [InlineData("b.test", "a.test", "a.test,b.test")]
    [InlineData("a.test", "A.test", "A.test,B.test")]
    public async Task Scan_OrderedAgainWithNamesInAnotherOrderOrCase_IsReplaced(string subject, string again, string names)
    {
        await StoreAsync(subject, profile: "leaf", provisioner: "acme", sans: ["a.test", "b.test"]);
        await StoreAsync(again, from: 6, to: 16, profile: "leaf", provisioner: "acme", sans: names.Split(','));
        await MapAsync(8);

        (await ScanAsync(8)).ShouldBeEmpty();
        (await ScanAsync(14)).ShouldBe([again]);
    }

    [SkippableFact]
    public async Task Scan_NewestOfTheEndpointIsRevoked_AnEarlierOneReplaces()
    {
        await StoreAsync("pump");
        await StoreAsync("pump", to: 20);
        await RevokeAsync(await StoreAsync("pump", to: 20));
        await MapAsync(7);

        (await ScanAsync(8)).ShouldBeEmpty();
        (await ScanAsync(16)).ShouldBe(["pump"]);
    }

    /// <summary>What no token bought is its subject: the names that a stack is reached by may change, and so its service certificate's endpoint.</summary>
    [SkippableTheory]
    [InlineData("service")]
    [InlineData("bridge")]
    public async Task Scan_IssuedAgainWithOtherNames_IsReplacedWhereNoTokenBoughtIt(string profile)
    {
        await StoreAsync("stack", profile: profile, sans: ["old.test"]);
        await StoreAsync("stack", from: 6, to: 16, profile: profile, sans: ["new.test"]);
        await MapAsync(8);

        (await CountAsync("ca.endpoints")).ShouldBe(2);
        (await ScanAsync(8)).ShouldBeEmpty();
        (await ScanAsync(14)).ShouldBe(["stack"]);
    }

    /// <summary>Until it is put to its endpoint, what was issued a moment ago may replace all of its subject; the next scan knows better.</summary>
    [SkippableFact]
    public async Task Scan_BehindTheEndpoints_IsMadeGoodByTheNext()
    {
        await StoreAsync("web.test", profile: "leaf");
        await MapAsync(7.9);
        await StoreAsync("web.test", from: 7.99, to: 20, profile: "leaf");

        (await ScanAsync(8)).ShouldBeEmpty();
        await MapAsync(8.01);

        (await ScanAsync(8.03)).ShouldBe(["web.test"]);
    }

    [SkippableFact]
    public async Task Scan_Revoked_IsNotPublished()
    {
        await RevokeAsync(await StoreAsync("alone"));
        await StoreAsync("subject");
        await StoreAsync("expired-subject");
        await RevokeSubjectAsync("subject", 1);
        await RevokeSubjectAsync("expired-subject", 11);

        (await ScanAsync(8)).ShouldBeEmpty();
        (await ScanAsync(12)).ShouldBeEmpty();
    }

    [SkippableFact]
    public async Task Scan_ExpiredWithoutAScan_IsPublishedAfterwards()
    {
        await ScanAsync(0);
        await StoreAsync("missed");

        (await ScanAsync(8760)).ShouldBe(["missed"]);
        (await ScanAsync(8760.1)).ShouldBeEmpty();
    }

    [SkippableFact]
    public async Task Scan_TheFirst_PublishesOnlyWhatIsStillValid()
    {
        await StoreAsync("over");
        await StoreAsync("over-today", to: 364.9 * 24);
        await StoreAsync("due-for-weeks", to: 366 * 24);

        (await ScanAsync(365 * 24)).ShouldBe(["due-for-weeks"]);
        (await ScanAsync(366 * 24)).ShouldBeEmpty();
    }

    [SkippableFact]
    public async Task Scan_ManyAtOneMoment_GoesOnBatchByBatch()
    {
        await StoreManyAsync(25);

        var batches = new List<ExpiryBatch> { await Store.PublishExpiringAsync(At(8), 10, first: true, default) };
        while (batches[^1].More)
        {
            batches.Add(await Store.PublishExpiringAsync(At(8), 10, first: false, default));
        }

        batches.ShouldBe([new(10, true), new(10, true), new(5, false)]);
        await ShouldHavePublishedOnceAsync(25);
    }

    [SkippableFact]
    public async Task Scan_ProcessDiesBetweenBatches_TheNextPublishesTheRest()
    {
        await StoreManyAsync(25);
        await Store.PublishExpiringAsync(At(8), 10, first: true, default);

        (await ScanAsync(9)).Count.ShouldBe(15);

        await ShouldHavePublishedOnceAsync(25);
    }

    [SkippableFact]
    public async Task Scan_ConnectionEndsInsideABatch_PublishesNothingOfItUntilTheNext()
    {
        await StoreManyAsync(5);
        await using (await HoldCommitsAsync())
        {
            var batch = Store.PublishExpiringAsync(At(8), 10, first: true, default);
            await WaitForBlockedAsync();
            await Database.ExecuteAsync("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock'");
            (await Should.ThrowAsync<ProblemException>(batch)).Status.ShouldBe(503);
        }

        (await CountAsync("ca.told_expiring")).ShouldBe(0);
        (await ScanAsync(8)).Count.ShouldBe(5);
        await ShouldHavePublishedOnceAsync(5);
    }

    [SkippableFact]
    public async Task Scan_TwoProcessesAtOnce_PublishEachOnce()
    {
        await StoreManyAsync(25);
        Task scans;
        await using (await HoldCommitsAsync())
        {
            scans = Task.WhenAll(ScanAsync(8), ScanAsync(8));
            await WaitForBlockedAsync(2);
        }

        await scans;

        await ShouldHavePublishedOnceAsync(25);
    }

    [SkippableFact]
    public async Task Scan_CertificateCommittedBehindIt_IsPublishedByTheNext()
    {
        await ScanAsync(9.51);
        await StoreAsync("slow", issued: 9.5);

        (await ScanAsync(9.54)).ShouldBe(["slow"]);
    }

    [SkippableFact]
    public async Task Scan_ClockSetBack_PublishesWhatComesDueThenAndNothingTwice()
    {
        await ScanAsync(0);
        await StoreAsync("before");
        (await ScanAsync(8760)).ShouldBe(["before"]);

        (await ScanAsync(1)).ShouldBeEmpty();
        await StoreAsync("after");

        (await ScanAsync(8)).ShouldBe(["after"]);
    }

    [SkippableFact]
    public async Task Scan_FirstWithTheClockAhead_LosesNothingWhenItIsSetBack()
    {
        await ScanAsync(8760);
        await StoreAsync("pump");
        await ScanAsync(0);

        (await ScanAsync(8)).ShouldBe(["pump"]);
    }

    [SkippableFact]
    public async Task Scan_AllPublished_ReadsNoCertificates()
    {
        await StoreManyAsync(1000);
        await StoreAsync("year", to: 8760);
        await ScanAsync(8);
        await ScanAsync(8.5);

        // Within a transaction the counts are this connection's own.
        await using var connection = await Database.DataSource.OpenConnectionAsync();
        await using var transaction = await connection.BeginTransactionAsync();
        await using var scan = new NpgsqlCommand("SELECT more FROM ca.tell_expiring($1, 500, true)", connection) { Parameters = { new() { Value = At(9) } } };
        await using var read = new NpgsqlCommand("SELECT coalesce(sum(seq_tup_read + idx_tup_fetch), 0)::bigint FROM pg_stat_xact_user_tables WHERE schemaname = 'ca' AND relname = 'certificates'", connection);
        var before = await read.ExecuteScalarAsync();
        (await scan.ExecuteScalarAsync()).ShouldBe(false);
        (await read.ExecuteScalarAsync()).ShouldBe(before);
    }

    [SkippableFact]
    public async Task Scanner_AsTheClockGoesOn_PublishesAllBatchesOfWhatComesDue()
    {
        await StoreManyAsync(1100);
        await StoreAsync("pump", to: 20);
        var time = new FakeTime(Start);
        using var scanner = Scanner(time);
        await scanner.StartAsync(default);
        await UntilAsync(async () => await CountAsync("ca.expiry_scan") == 1);

        time.Advance(TimeSpan.FromHours(8));
        await UntilAsync(async () => await CountAsync("audit.entries") == 1100);
        time.Advance(TimeSpan.FromHours(8));
        await UntilAsync(async () => await CountAsync("audit.entries") == 1101);
        await scanner.StopAsync(default);

        await ShouldHavePublishedOnceAsync(1101);
    }

    [SkippableFact]
    public async Task Scanner_OrderedAgainAMomentAgo_IsNotPublished()
    {
        await ScanAsync(0);
        await StoreAsync("a.test", profile: "leaf", provisioner: "acme", sans: ["a.test", "b.test"]);
        await StoreAsync("pump");
        await StoreAsync("b.test", from: 7.99, to: 20, profile: "leaf", provisioner: "acme", sans: ["b.test", "a.test"]);
        using var scanner = Scanner(new FakeTime(At(8)));

        await scanner.StartAsync(default);
        await UntilAsync(async () => await CountAsync("ca.told_expiring") > 0);
        await scanner.StopAsync(default);

        (await Database.ScalarAsync<string[]>("SELECT array_agg(subject) FROM audit.entries WHERE action = 'certificate.expiring'")).ShouldBe(["pump"]);
    }

    [SkippableFact]
    public async Task Scanner_WhereEndpointsCanNotBeBroughtUpToDate_PublishesAllTheSame()
    {
        await ScanAsync(0);
        await StoreAsync("pump");
        await Database.ExecuteAsync("ALTER FUNCTION ca.map_endpoints RENAME TO broken");
        using var scanner = Scanner(new FakeTime(At(8)));

        await scanner.StartAsync(default);
        await UntilAsync(async () => await CountAsync("ca.told_expiring") == 1);
        await scanner.StopAsync(default);
    }

    private ExpiryScanner Scanner(FakeTime time) => new(Store, new InventoryStore(Database.DataSource, () => ["acme"], time), time, NullLogger<ExpiryScanner>.Instance);

    /// <summary>Puts certificates to their endpoints.</summary>
    private Task MapAsync(double hours) => Database.ExecuteAsync("SELECT ca.map_endpoints($1, ARRAY['acme'], 500, true)", At(hours));

    private static DateTimeOffset At(double hours) => Start.AddHours(hours);

    /// <summary>Valid for ten hours, of which eight may pass, unless another time is given.</summary>
    private async Task<byte[]> StoreAsync(
        string subject, double from = 0, double to = 10, double? issued = null, string profile = "device", string? tenant = null, byte[]? renews = null, string provisioner = "p",
        string[]? sans = null)
    {
        var serial = SerialNumber.Create(DateTimeOffset.UnixEpoch);
        await Database.ExecuteAsync(
            """
            INSERT INTO ca.certificates (serial, subject, sans, issuer, issuer_key_id, profile, provisioner, requester, tenant, public_key_sha256, not_before, not_after, issued_at, renews, der)
              VALUES ($1, $2, $10, 'Issuer', '', $3, $11, 'tester', $4::text, $5, $6, $7, $8, $9::bytea, '')
            """,
            serial, subject, profile, tenant, RandomNumberGenerator.GetBytes(32), At(from), At(to), At(issued ?? from), renews, sans ?? [], provisioner);
        return serial;
    }

    private Task StoreManyAsync(int count) => Database.ExecuteAsync(
        """
        INSERT INTO ca.certificates (serial, subject, sans, issuer, issuer_key_id, profile, provisioner, requester, public_key_sha256, not_before, not_after, issued_at, der)
          SELECT int4send(g), 'device-' || g, '{}', 'Issuer', '', 'device', 'p', 'tester', sha256(int4send(g)), $2, $3, $2, '' FROM generate_series(1, $1) g
        """,
        count, At(0), At(10));

    private async Task RevokeAsync(byte[] serial) =>
        (await Store.RevokeAsync(new Revocation { Serial = serial, By = "admin" }, At(1), default)).ShouldBe(RevocationOutcome.Revoked);

    private async Task RevokeSubjectAsync(string subject, double hours)
    {
        await using var connection = await Database.DataSource.OpenConnectionAsync();
        await Revocations.RevokeSubjectAsync(connection, new SubjectRevocation { Profile = Profiles.Device, Subject = subject, By = "admin" }, At(hours), default);
    }

    /// <summary>The subjects this scan published, in the order of the audit log.</summary>
    private async Task<IReadOnlyList<string>> ScanAsync(double hours)
    {
        var before = await Database.ScalarAsync<long>("SELECT sequence FROM audit.head");
        for (var batch = await Store.PublishExpiringAsync(At(hours), 10, first: true, default); batch.More;)
        {
            batch = await Store.PublishExpiringAsync(At(hours), 10, first: false, default);
        }

        return await Database.ScalarAsync<string[]>("SELECT array_agg(subject ORDER BY sequence) FROM audit.entries WHERE sequence > $1 AND action = 'certificate.expiring'", before) ?? [];
    }

    private async Task ShouldHavePublishedOnceAsync(int certificates)
    {
        (await Database.ScalarAsync<long>("SELECT count(DISTINCT details) FROM audit.entries WHERE action = 'certificate.expiring'")).ShouldBe(certificates);
        await ShouldHaveIntactAuditAsync(certificates);
    }
}
