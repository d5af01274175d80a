using System.Net;
using System.Net.Http.Json;
using System.Net.Security;
using System.Net.Sockets;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using IoTPlatform.CertificateAuthority.Validation;
using IoTPlatform.Contracts;
using IoTPlatform.Contracts.Certificates;
using IoTPlatform.Identity;
using IoTPlatform.Pki;
using Microsoft.Extensions.Logging.Abstractions;

namespace IoTPlatform.CertificateAuthority.Tests.Imports;

/// <summary>Another authority's issuer, certificates and revocations on record here, and what is not let in.</summary>
public sealed class ImportTests(StepCaHost host) : IClassFixture<StepCaHost>
{
    private readonly CaHost _ca = host.Ca;

    [SkippableFact]
    public async Task Certificate_Imported_IsRenewedByItsOwnIssuer_OnceOnRecord()
    {
        using var other = new OtherAuthority("Renewing");
        using var key = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        using var first = other.Leaf("pump.renewing.test", key, TimeSpan.FromHours(3));
        using var second = other.Leaf("pump.renewing.test", key, TimeSpan.FromHours(1));
        using var client = _ca.Client(second);
        using var admin = _ca.As("ada", Roles.Admin);
        await IssuerAsync(admin, other);
        (await client.SendAsync("/1.0/renew", "")).Status.ShouldBe(HttpStatusCode.Unauthorized, "it is not on record");

        (await SendAsync(admin, other, OtherAuthority.Item(first), OtherAuthority.Item(second))).ShouldBeCounted(imported: 2, known: 0, revoked: 0);
        (await SendAsync(admin, other, OtherAuthority.Item(first), OtherAuthority.Item(second))).ShouldBeCounted(imported: 0, known: 2, revoked: 0);

        using var again = _ca.Client(second);
        var renewed = await again.SendAsync("/1.0/renew", "");
        renewed.Status.ShouldBe(HttpStatusCode.Created, renewed.Body);
        ChainVerifier.Verify(renewed.Certificate, [other.Issuer], [other.Root], CertificatePurpose.ClientAuth, TimeProvider.System.GetUtcNow()).Reason.ShouldBeNull();
        renewed.Json.GetProperty("ca").GetString()!.ShouldContain(other.Issuer.ExportCertificatePem().Split('\n')[2]);
        // A renewal kept the key, so the three are one endpoint.
        var endpoint = (await ReadAsync<Page<EndpointSummary>>(admin, "/portal/endpoints?name=pump.renewing.test")).Items.ShouldHaveSingleItem();
        (endpoint.Certificates, endpoint.Active, endpoint.Provisioner).ShouldBe((3, 3, "iot-bridge"));
        (await _ca.Database.ScalarAsync<long>("SELECT count(*) FROM audit.entries WHERE action = 'certificate.imported' AND subject = 'pump.renewing.test' AND actor = 'ada'")).ShouldBe(2);
        (await _ca.Database.ScalarAsync<long>($"SELECT count(*) FROM audit.entries WHERE action = 'issuer.imported' AND subject = 'Renewing Intermediate'")).ShouldBe(1);
    }

    [SkippableFact]
    public async Task Revocation_Imported_RefusesTheRenewal_AndIsOnTheIssuersList()
    {
        using var other = new OtherAuthority("Revoking");
        using var revoked = other.Leaf("revoked.test");
        using var later = other.Leaf("later.test");
        using var admin = _ca.As("ada", Roles.Admin);
        await IssuerAsync(admin, other);
        var at = TimeProvider.System.GetUtcNow().AddMinutes(-2);

        (await SendAsync(admin, other, OtherAuthority.Item(revoked, new ImportedRevocation { RevokedAt = at, ReasonCode = 4, Reason = "was\0 replaced" }), OtherAuthority.Item(later))).ShouldBeCounted(2, 0, 1);

        using var client = _ca.Client(revoked);
        (await client.SendAsync("/1.0/renew", "")).Status.ShouldBe(HttpStatusCode.Unauthorized);
        var detail = await ReadAsync<CertificateDetail>(admin, $"/portal/certificates/{revoked.Serial()}");
        (detail.Summary.Provisioner, detail.Summary.Profile).ShouldBe(("iot-bridge", "leaf"));
        (await _ca.Database.ScalarAsync<string>("SELECT r.reason_code || ' ' || r.reason FROM ca.revocations r JOIN ca.certificates c ON c.serial = r.serial WHERE c.subject = 'revoked.test'")).ShouldBe("4 was replaced");
        // The second import brings what was revoked since.
        (await SendAsync(admin, other, OtherAuthority.Item(later, new ImportedRevocation { RevokedAt = at, ReasonCode = 77 }))).ShouldBeCounted(0, 1, 1);
        using var lists = new RevocationLists(_ca.Authority, _ca.Database.DataSource, TimeProvider.System, NullLogger<RevocationLists>.Instance);
        var list = (await lists.FindAsync(other.Id, shard: null, default)).ShouldNotBeNull().Der;
        list.AsSpan().IndexOf(revoked.SerialNumberBytes.Span).ShouldBePositive();
        list.AsSpan().IndexOf(later.SerialNumberBytes.Span).ShouldBePositive();
        (await lists.ActiveAsync(default)).Der.AsSpan().IndexOf(revoked.SerialNumberBytes.Span).ShouldBe(-1);
    }

    [SkippableFact]
    public async Task Certificate_NotOfTheIssuer_IsRefusedAndTheRestIsStored()
    {
        using var other = new OtherAuthority("Strict");
        // Its names are the same, its key is not.
        using var forger = new OtherAuthority("Strict");
        using var good = other.Leaf("good.strict.test");
        using var forged = forger.Leaf("forged.strict.test");
        using var own = await _ca.EnrollAsync("own.strict.test");
        using var subCa = other.SubCa();
        using var admin = _ca.As("ada", Roles.Admin);
        await IssuerAsync(admin, other);

        var result = await SendAsync(
            admin, other, OtherAuthority.Item(forged), OtherAuthority.Item(own), OtherAuthority.Item(subCa), new ImportedCertificate { Certificate = "AAAA" }, new ImportedCertificate { Certificate = "%" }, OtherAuthority.Item(good));

        result.Imported.ShouldBe(1);
        result.Refused.Select(refusal => refusal.Reason).ShouldBe(["other_issuer", "other_issuer", "ca_certificate", "unreadable", "unreadable"]);
        (await _ca.Database.ScalarAsync<string>("SELECT string_agg(subject, ' ') FROM ca.certificates WHERE subject LIKE '%.strict.test' AND requester = 'step-ca'")).ShouldBe("good.strict.test");
    }

    [SkippableFact]
    public async Task Certificate_WithTheNumberOfAnother_IsRefused()
    {
        using var other = new OtherAuthority("Numbers");
        using var leaf = other.Leaf("number.test");
        using var admin = _ca.As("ada", Roles.Admin);
        await IssuerAsync(admin, other);
        await using (var insert = _ca.Database.DataSource.CreateCommand("""
            INSERT INTO ca.certificates (serial, subject, sans, issuer, issuer_key_id, profile, provisioner, requester, public_key_sha256, not_before, not_after, issued_at, der)
            VALUES ($1, 'elder', '{}', 'i', '\x01', 'leaf', 'p', 'r', sha256('k'), now(), now() + interval '1 day', now(), '\x01')
            """))
        {
            insert.Parameters.AddWithValue(leaf.SerialNumberBytes.ToArray());
            await insert.ExecuteNonQueryAsync();
        }

        var result = await SendAsync(admin, other, OtherAuthority.Item(leaf, new ImportedRevocation { RevokedAt = DateTimeOffset.UnixEpoch }));

        (result.Imported, result.Known, result.Revoked).ShouldBe((0, 0, 0));
        result.Refused.ShouldHaveSingleItem().ShouldBe(new ImportRefusal { Serial = leaf.Serial(), Reason = "serial_taken" });
    }

    [SkippableFact]
    public async Task Certificates_OfTheLastDays_TakeNothingFromTheQuota()
    {
        using var other = new OtherAuthority("Daily");
        using var key = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        using var admin = _ca.As("ada", Roles.Admin);
        await IssuerAsync(admin, other);
        var leaves = Enumerable.Range(0, _ca.Authority.Options.RenewalsPerSubject + 2).Reverse().Select(nth => other.Leaf("daily.test", key, TimeSpan.FromMinutes(5) + TimeSpan.FromHours(20 * nth))).ToList();
        (await SendAsync(admin, other, [.. leaves.Select(leaf => OtherAuthority.Item(leaf))])).ShouldBeCounted(leaves.Count, 0, 0);

        using var client = _ca.Client(leaves[^1]);
        var reply = await client.SendAsync("/1.0/renew", "");

        reply.Status.ShouldBe(HttpStatusCode.Created, reply.Body);
        leaves.ForEach(leaf => leaf.Dispose());
    }

    [SkippableFact]
    public async Task Certificate_ThatHadEnded_IsToldToNobody_AndIsNoEndpoint()
    {
        using var other = new OtherAuthority("Ended");
        using var ended = other.Leaf("ended.test", age: TimeSpan.FromDays(3));
        using var admin = _ca.As("ada", Roles.Admin);
        await IssuerAsync(admin, other);
        await _ca.Database.ExecuteAsync("SELECT ca.tell_expiring(now() - interval '60 days', 1000, true)");
        await _ca.Database.ExecuteAsync("""
            INSERT INTO ca.endpoint_totals (provisioner, active, counted_id, counted_at) SELECT '', 0, max(id), now() FROM ca.certificates
              ON CONFLICT (provisioner) DO UPDATE SET active = 0, counted_id = excluded.counted_id, counted_at = excluded.counted_at
            """);

        (await SendAsync(admin, other, OtherAuthority.Item(ended))).ShouldBeCounted(1, 0, 0);

        await _ca.Database.ExecuteAsync("SELECT ca.tell_expiring(now() + interval '1 second', 1000, true)");
        (await _ca.Database.ScalarAsync<long>("SELECT count(*) FROM audit.entries WHERE action = 'certificate.expiring' AND subject = 'ended.test'")).ShouldBe(0);
        (await _ca.Database.ScalarAsync<string>("""
            SELECT coalesce((ca.judge_budgets(now(), ARRAY['[{"scope":"endpoints:","span":"endpoints","most":1}]'], ARRAY['leaf'], ARRAY['p'], ARRAY[NULL::text], ARRAY['new.test'], ARRAY['new.test'],
              ARRAY[NULL::bytea], ARRAY[NULL::text]))[1], 'free')
            """)).ShouldBe("free");
    }

    [SkippableFact]
    public async Task Certificate_OfAKeyThatWasRevokedHere_IsRevoked()
    {
        using var other = new OtherAuthority("Stolen");
        using var stolen = other.Leaf("stolen.test");
        using var admin = _ca.As("ada", Roles.Admin);
        await IssuerAsync(admin, other);
        await _ca.Authority.RevokeKeyAsync(
            new KeyRevocation { PublicKeySha256 = SHA256.HashData(stolen.PublicKey.ExportSubjectPublicKeyInfo()), ReasonCode = RevocationReason.KeyCompromise, By = "operator" }, default);

        // A hold could end.
        (await SendAsync(admin, other, OtherAuthority.Item(stolen, new ImportedRevocation { RevokedAt = DateTimeOffset.UnixEpoch, ReasonCode = 6 }))).ShouldBeCounted(1, 0, 1);

        using var client = _ca.Client(stolen);
        (await client.SendAsync("/1.0/renew", "")).Status.ShouldBe(HttpStatusCode.Unauthorized);
        (await _ca.Database.ScalarAsync<string>("SELECT r.reason_code || ' ' || r.revoked_by FROM ca.revocations r JOIN ca.certificates c ON c.serial = r.serial WHERE c.subject = 'stolen.test'")).ShouldBe("1 operator");
        (await _ca.Database.ScalarAsync<string>("SELECT details FROM audit.entries WHERE action = 'certificate.revocation_imported' AND subject = 'stolen.test'"))
            .ShouldBe($$"""{"serial":"{{stolen.SerialNumber}}","reason_code":1}""");
    }

    [SkippableFact]
    public async Task Row_ThatTheLedgerCantHold_IsCutOrLeftOut_AndStopsNoOther()
    {
        using var other = new OtherAuthority("Wide");
        using var wide = other.Leaf("wide.test", commonName: new string('漢', 400));
        using var good = other.Leaf("good.wide.test");
        using var admin = _ca.As("ada", Roles.Admin);
        await IssuerAsync(admin, other);
        var revoked = new ImportedRevocation { RevokedAt = DateTimeOffset.UnixEpoch, Reason = new string('a', 999) + "\U0001F600" };

        var result = await SendAsync(admin, other, OtherAuthority.Item(wide), OtherAuthority.Item(good, revoked) with { Provisioner = new string('漢', 1000) });

        (result.Imported, result.Revoked, result.Refused.ShouldHaveSingleItem().Reason).ShouldBe((1, 1, "unreadable"));
        (await _ca.Database.ScalarAsync<string>("SELECT length(c.provisioner) || ' ' || length(r.reason) FROM ca.revocations r JOIN ca.certificates c ON c.serial = r.serial WHERE c.subject = 'good.wide.test'"))
            .ShouldBe("333 999");
    }

    [SkippableFact]
    public async Task Issuer_ImportedAgain_KeepsItsKeyAndItsNames_AndGivesItsPlaceToNoOtherKey()
    {
        using var other = new OtherAuthority("Twice");
        using var forger = new OtherAuthority("Twice", other.Id);
        using var rootForger = new OtherAuthority("Root", Convert.ToHexStringLower(IssuerInfo.FromCertificate(_ca.Root).SubjectKeyIdentifier.Span));
        using var admin = _ca.As("ada", Roles.Admin);
        await other.ImportAsync(admin, other.Import("password", "a.twice.test"));
        await other.ImportAsync(admin, other.ImportWithoutKey("b.twice.test"));

        foreach (var (forged, code) in new[] { (forger, "key_id_taken"), (rootForger, "own_issuer") })
        {
            using var answer = await admin.PostAsJsonAsync("/portal/imports/issuers", forged.ImportWithoutKey(), ContractsJson.Default.ImportIssuerRequest);
            answer.StatusCode.ShouldBe(HttpStatusCode.Conflict);
            (await answer.Content.ReadAsStringAsync()).ShouldContain($"\"{code}\"");
        }

        var issuer = (await ReadAsync<ImportedIssuerList>(admin, "/portal/imports/issuers")).Items.Single(one => one.Id == other.Id);
        (issuer.HasKey, issuer.RootFingerprint).ShouldBe((true, Fingerprint.Of(other.Root)));
        issuer.Names.ShouldBe(["a.twice.test", "b.twice.test"]);
    }

    [SkippableFact]
    public async Task Issuer_ThatCantBeUsed_IsRefusedAndNothingOfItStays()
    {
        using var other = new OtherAuthority("Unusable");
        using var stranger = new OtherAuthority("Stranger");
        using var admin = _ca.As("ada", Roles.Admin);
        var good = other.Import("a secret password");

        await RefusedAsync(new ImportIssuerRequest { Chain = good.Chain, Key = good.Key, Password = "another", Names = [] }, HttpStatusCode.BadRequest, "wrong_password");
        await RefusedAsync(new ImportIssuerRequest { Chain = good.Chain, Key = good.Key, Names = [] }, HttpStatusCode.BadRequest, "wrong_password");
        await RefusedAsync(new ImportIssuerRequest { Chain = good.Chain, Key = stranger.Import().Key, Names = [] }, HttpStatusCode.BadRequest, "key_mismatch");
        await RefusedAsync(new ImportIssuerRequest { Chain = other.Root.ExportCertificatePem(), Names = [] }, HttpStatusCode.BadRequest, "malformed");
        await RefusedAsync(new ImportIssuerRequest { Chain = _ca.Authority.Chain.Pem, Names = [] }, HttpStatusCode.Conflict, "own_issuer");
        (await ReadAsync<ImportedIssuerList>(admin, "/portal/imports/issuers")).Items.ShouldNotContain(issuer => issuer.Name.StartsWith("Unusable") || issuer.Name.StartsWith("Stranger"));
        _ca.Logs.ToString()!.ShouldNotContain("a secret password");

        async Task RefusedAsync(ImportIssuerRequest request, HttpStatusCode status, string code)
        {
            using var answer = await admin.PostAsJsonAsync("/portal/imports/issuers", request, ContractsJson.Default.ImportIssuerRequest);
            var body = await answer.Content.ReadAsStringAsync();
            answer.StatusCode.ShouldBe(status, body);
            body.ShouldContain($"\"{code}\"");
        }
    }

    [SkippableFact]
    public async Task Import_ByOthersThanAdministrators_OrOfWhatIsNotHere_IsRefused()
    {
        using var other = new OtherAuthority("Forbidden");
        using var leaf = other.Leaf("forbidden.test");
        using var admin = _ca.As("ada", Roles.Admin);
        using var viewer = _ca.As("vera", Roles.Viewer);
        var batch = new ImportCertificatesRequest { Issuer = other.Id, Items = [OtherAuthority.Item(leaf)] };

        (await StatusAsync(viewer, batch)).ShouldBe(HttpStatusCode.Forbidden);
        using (var answer = await viewer.PostAsJsonAsync("/portal/imports/issuers", other.Import(), ContractsJson.Default.ImportIssuerRequest))
        {
            answer.StatusCode.ShouldBe(HttpStatusCode.Forbidden);
        }

        (await StatusAsync(admin, batch)).ShouldBe(HttpStatusCode.NotFound);
        await IssuerAsync(admin, other);
        (await StatusAsync(admin, batch with { Items = [.. Enumerable.Repeat(batch.Items[0], AuthorityImports.MaxCertificates + 1)] })).ShouldBe(HttpStatusCode.BadRequest);

        static async Task<HttpStatusCode> StatusAsync(HttpClient client, ImportCertificatesRequest batch)
        {
            using var answer = await client.PostAsJsonAsync("/portal/imports/certificates", batch, ContractsJson.Default.ImportCertificatesRequest);
            return answer.StatusCode;
        }
    }

    [SkippableFact]
    public async Task Name_OfTheFormerAuthority_HasACertificateOfItsIssuer_AlsoAfterARestart()
    {
        await using var ca = await CaHost.StartAsync();
        using var other = new OtherAuthority("Named");
        using (var admin = ca.As("ada", Roles.Admin))
        {
            using var answer = await admin.PostAsJsonAsync("/portal/imports/issuers", other.Import("password", $"{new string('a', 60)}.old.test", "dot.old.test.", "ca.old.test", "localhost"), ContractsJson.Default.ImportIssuerRequest);
            answer.StatusCode.ShouldBe(HttpStatusCode.OK, await answer.Content.ReadAsStringAsync());
        }

        (await IssuerOfAsync(ca, "ca.old.test")).ShouldBe(other.Issuer.Subject);
        await ca.RestartAsync();

        (await IssuerOfAsync(ca, "CA.old.test")).ShouldBe(other.Issuer.Subject);
        (await IssuerOfAsync(ca, "else.test")).ShouldBe(ca.Authority.Chain.Issuer.Subject);
        (await IssuerOfAsync(ca, "localhost")).ShouldBe(ca.Authority.Chain.Issuer.Subject, "the host's own name stays its own");
        using var client = ca.Client();
        (await client.ReadAsync($"/root/{Fingerprint.Of(other.Root)}")).Status.ShouldBe(HttpStatusCode.OK);
        (await client.GetStringAsync("/roots.pem")).ShouldBe(ca.Authority.Active.RootPem, "what is trusted as the platform's root is its own");

        using var shown = await CertificateOfAsync(ca, "ca.old.test");
        await ca.Authority.RevokeProfileAsync(new ProfileRevocation { Profile = "service", ReasonCode = RevocationReason.KeyCompromise, By = "operator" }, default);
        await ca.Module.ServiceCertificate.ReplaceRevokedAsync(default);
        using var next = await CertificateOfAsync(ca, "ca.old.test");
        (next.Issuer, next.SerialNumber == shown.SerialNumber).ShouldBe((other.Issuer.Subject, false));
    }

    private static async Task<string> IssuerOfAsync(CaHost ca, string name)
    {
        using var certificate = await CertificateOfAsync(ca, name);
        return certificate.Issuer;
    }

    private static async Task<X509Certificate2> CertificateOfAsync(CaHost ca, string name)
    {
        using var tcp = new TcpClient();
        await tcp.ConnectAsync(ca.Url.Host, ca.Url.Port);
        await using var tls = new SslStream(tcp.GetStream());
        await tls.AuthenticateAsClientAsync(new SslClientAuthenticationOptions { TargetHost = name, RemoteCertificateValidationCallback = (_, _, _, _) => true });
        return X509CertificateLoader.LoadCertificate(tls.RemoteCertificate!.GetRawCertData());
    }

    private static async Task IssuerAsync(HttpClient admin, OtherAuthority other)
    {
        using var answer = await admin.PostAsJsonAsync("/portal/imports/issuers", other.Import("password"), ContractsJson.Default.ImportIssuerRequest);
        answer.StatusCode.ShouldBe(HttpStatusCode.OK, await answer.Content.ReadAsStringAsync());
        (await answer.Content.ReadFromJsonAsync(ContractsJson.Default.ImportedIssuerView))!.Id.ShouldBe(other.Id);
    }

    private static async Task<ImportResult> SendAsync(HttpClient admin, OtherAuthority other, params ImportedCertificate[] items)
    {
        using var answer = await admin.PostAsJsonAsync("/portal/imports/certificates", new ImportCertificatesRequest { Issuer = other.Id, Items = items }, ContractsJson.Default.ImportCertificatesRequest);
        answer.StatusCode.ShouldBe(HttpStatusCode.OK, await answer.Content.ReadAsStringAsync());
        return (await answer.Content.ReadFromJsonAsync(ContractsJson.Default.ImportResult))!;
    }

    private static async Task<T> ReadAsync<T>(HttpClient client, string path) => (T)(await client.GetFromJsonAsync(path, typeof(T), ContractsJson.Default))!;
}

internal static class ImportResults
{
    public static void ShouldBeCounted(this ImportResult result, int imported, int known, int revoked)
    {
        result.Refused.ShouldBeEmpty();
        (result.Imported, result.Known, result.Revoked).ShouldBe((imported, known, revoked));
    }
}
