using System.Buffers.Text;
using System.Net;
using System.Security.Cryptography.X509Certificates;
using System.Text.Json.Nodes;
using IoTPlatform.CertificateAuthority.Tests.Acme;
using IoTPlatform.CertificateAuthority.Tests.Templates;
using IoTPlatform.Pki;
using IoTPlatform.Pki.Files;

namespace IoTPlatform.CertificateAuthority.Tests.Upstream;

/// <summary>Leaves by this authority's provisioners, signed by a real step-ca.</summary>
public sealed class RegistrationAuthorityTests(RegistrationHost fixture) : IClassFixture<RegistrationHost>
{
    private readonly CaHost _ca = fixture.Ca;

    [SkippableFact]
    public async Task Sign_ForAToken_IsSignedUpstreamAndOnRecordHere()
    {
        using var client = _ca.Client();
        using var key = StepCaCalls.NewKey();

        var reply = await client.SignAsync(StepCaCalls.Csr(key, "one.test", "one.test", "192.0.2.1"), _ca.Token("one.test", "one.test", "192.0.2.1"));

        reply.Status.ShouldBe(HttpStatusCode.Created, reply.Body);
        var chain = reply.Json.GetProperty("certChain").EnumerateArray().Select(pem => Pem.ParseCertificate(pem.GetString()!)).ToArray();
        ChainVerifier.Verify(chain[0], chain[1..], [fixture.Peer.Root], CertificatePurpose.ServerAuth, TimeProvider.System.GetUtcNow()).IsValid.ShouldBeTrue();
        reply.Json.GetProperty("ca").GetString().ShouldBe(reply.Json.GetProperty("certChain")[1].GetString());
        var record = (await _ca.Authority.FindAsync(chain[0].SerialNumberBytes.ToArray(), default))!;
        (record.Profile, record.Provisioner, record.Issuer, record.Subject).ShouldBe(("leaf", "iot-bridge", "Upstream Intermediate CA", "one.test"));
        record.Der.ShouldBe(chain[0].RawData);
        (await client.ReadAsync("/roots")).Json.GetProperty("crts").GetArrayLength().ShouldBe(2);
        (await client.ReadAsync("/roots.pem")).Body.ShouldBe(Pem.Certificate(_ca.Root.RawData), "it is saved as the trust in this host");
        (await client.ReadAsync($"/root/{Fingerprint.Of(fixture.Peer.Root)}")).Json.GetProperty("ca").GetString().ShouldBe(Pem.Certificate(fixture.Peer.Root.RawData));
    }

    [SkippableFact]
    public async Task Sign_BySpentToken_Is401AndAsksUpstreamForNothing()
    {
        using var client = _ca.Client();
        using var key = StepCaCalls.NewKey();
        var token = _ca.Token("spent.test");
        (await client.SignAsync(StepCaCalls.Csr(key, "spent.test", "spent.test"), token)).Status.ShouldBe(HttpStatusCode.Created);

        (await client.SignAsync(StepCaCalls.Csr(key, "spent.test", "spent.test"), token)).ShouldBeRefused(401, StepCaCalls.Unauthorized);

        (await fixture.CountAsync("SELECT count(*) FROM ca.upstream_orders WHERE subject = 'spent.test'")).ShouldBe(1);
    }

    [SkippableFact]
    public async Task RenewAndRekey_OverMtls_AreSignedUpstream()
    {
        using var current = await _ca.EnrollAsync("renewed.test", ("notAfter", "2h"));
        using var client = _ca.Client(current);
        using var next = StepCaCalls.NewKey();

        var renewed = await client.SendAsync("/1.0/renew", "");
        renewed.Status.ShouldBe(HttpStatusCode.Created, renewed.Body);
        renewed.Certificate.PublicKey.ExportSubjectPublicKeyInfo().ShouldBe(current.PublicKey.ExportSubjectPublicKeyInfo());
        renewed.Certificate.IssuerName.RawData.ShouldBe(current.IssuerName.RawData);
        (renewed.Certificate.NotAfterUtc() - renewed.Certificate.NotBefore.ToUniversalTime()).ShouldBe(current.NotAfterUtc() - current.NotBefore.ToUniversalTime(), TimeSpan.FromSeconds(2));
        var rekeyed = await client.SendAsync("/1.0/rekey", new JsonObject { ["csr"] = StepCaCalls.Csr(next, "renewed.test", "renewed.test") }.ToJsonString());
        rekeyed.Status.ShouldBe(HttpStatusCode.Created, rekeyed.Body);
        rekeyed.Certificate.PublicKey.ExportSubjectPublicKeyInfo().ShouldBe(next.ExportSubjectPublicKeyInfo());
    }

    [SkippableFact]
    public async Task Renew_AgainAndAgain_EndsBeforeUpstreamIsAsked()
    {
        using var current = await _ca.EnrollAsync("eager.test");
        using var client = _ca.Client(current);
        var replies = new List<StepCaReply>();
        while (replies.Count < 20 && replies.LastOrDefault()?.Status is null or HttpStatusCode.Created)
        {
            replies.Add(await client.SendAsync("/1.0/renew", ""));
        }

        replies[^1].Status.ShouldBe(HttpStatusCode.TooManyRequests);
        (await fixture.CountAsync("SELECT count(*) FROM ca.upstream_orders WHERE subject = 'eager.test'")).ShouldBe(replies.Count, "the first, and all renewals but the last");
    }

    [SkippableFact]
    public async Task Renew_ALeafOfUpstreamsThatIsNotOnRecordHere_Is401()
    {
        using var current = await _ca.EnrollAsync("known.test");
        using var theirs = fixture.Peer.Client(current);
        var elsewhere = await theirs.SendAsync("/1.0/renew", "");
        elsewhere.Status.ShouldBe(HttpStatusCode.Created, elsewhere.Body);
        using var key = current.GetECDsaPrivateKey();
        using var certificate = elsewhere.Certificate.CopyWithPrivateKey(key!);
        using var client = _ca.Client(certificate);

        (await client.SendAsync("/1.0/renew", "")).ShouldBeRefused(401, StepCaCalls.Unauthorized);
    }

    [SkippableFact]
    public async Task Revoke_HereAndUpstream()
    {
        using var certificate = await _ca.EnrollAsync("revoked.test");
        using var client = _ca.Client();
        (await fixture.Peer.RenewsAsync(certificate)).ShouldBeTrue();

        (await client.RevokeAsync(certificate.Serial(), _ca.RevokeToken(certificate.Serial()), reasonCode: 1)).Status.ShouldBe(HttpStatusCode.OK);
        await fixture.UpkeepAsync();

        (await fixture.Peer.RenewsAsync(certificate)).ShouldBeFalse();
        using var revoked = _ca.Client(certificate);
        (await revoked.SendAsync("/1.0/renew", "")).ShouldBeRefused(401, StepCaCalls.Unauthorized);
        (await fixture.CountAsync("SELECT count(*) FROM ca.upstream_revocations")).ShouldBe(0);
    }

    [SkippableFact]
    public async Task Hold_IsKeptHereAndNotToldUpstream()
    {
        using var certificate = await _ca.EnrollAsync("held.test");
        using var client = _ca.Client();

        (await client.RevokeAsync(certificate.Serial(), _ca.RevokeToken(certificate.Serial()), reasonCode: 6)).Status.ShouldBe(HttpStatusCode.OK);
        await fixture.UpkeepAsync();

        (await fixture.Peer.RenewsAsync(certificate)).ShouldBeTrue("what is revoked there does not come back");
    }

    [SkippableFact]
    public async Task Acme_Order_IsSignedUpstreamAndRevokedThere()
    {
        using var client = await fixture.Acme.NewClientAsync();
        using var key = StepCaCalls.NewKey();
        var order = await fixture.Acme.ReadyOrderAsync(client, "acme-a.test", "acme-b.test");

        var finished = await client.FinalizeAsync(order, key, null, "acme-a.test", "acme-b.test");
        finished["status"].ShouldBe("valid", finished.Body);
        var chain = Pem.ParseCertificates((await client.GetAsync(finished["certificate"])).Body);

        chain.Length.ShouldBe(2);
        ChainVerifier.Verify(chain[0], [chain[1]], [fixture.Peer.Root], CertificatePurpose.ServerAuth, TimeProvider.System.GetUtcNow()).Reason.ShouldBeNull();
        ParsedCertificate.Parse(chain[0].RawData).Names.Dns.ShouldBe(["acme-a.test", "acme-b.test"], ignoreOrder: true);
        (await client.PostAsync(client.At("revoke-cert"), new { certificate = Base64Url.EncodeToString(chain[0].RawData), reason = 4 })).Status.ShouldBe(HttpStatusCode.OK);
        await fixture.UpkeepAsync();
        (await fixture.Peer.RenewsAsync(chain[0].CopyWithPrivateKey(key))).ShouldBeFalse();
    }

    [SkippableFact]
    public async Task Sign_UpstreamAway_Is503AndSpendsNothing()
    {
        using var client = _ca.Client();
        using var key = StepCaCalls.NewKey();
        var (csr, token) = (StepCaCalls.Csr(key, "patient.test", "patient.test"), _ca.Token("patient.test"));
        using var certificate = await _ca.EnrollAsync("revoked-meanwhile.test");

        await fixture.Peer.GoAwayAsync();
        StepCaReply away;
        try
        {
            away = await client.SignAsync(csr, token);
            (await client.RevokeAsync(certificate.Serial(), _ca.RevokeToken(certificate.Serial()))).Status.ShouldBe(HttpStatusCode.OK);
            await fixture.UpkeepAsync();
        }
        finally
        {
            await fixture.Peer.ComeBackAsync();
            fixture.CatchUp();
        }

        away.ShouldBeRefused(503, "The request could not be completed: the authority upstream gives no answer.");
        away.RetryAfter.ShouldBe(TimeSpan.FromSeconds(5));
        (await fixture.CountAsync("SELECT count(*) FROM ca.upstream_orders WHERE subject = 'patient.test'")).ShouldBe(0);
        (await client.SignAsync(csr, token)).Status.ShouldBe(HttpStatusCode.Created, "the token is not spent");
        fixture.Acme.Time.Advance(TimeSpan.FromSeconds(6));
        await fixture.UpkeepAsync();
        (await fixture.Peer.RenewsAsync(certificate)).ShouldBeFalse("it has been told once it was back");
    }

    [SkippableFact]
    public async Task Sign_UpstreamRefuses_Is403AndTheLogSaysWhy()
    {
        using var client = _ca.Client();
        using var key = StepCaCalls.NewKey();

        var reply = await client.SignAsync(StepCaCalls.Csr(key, "short.test", "short.test"), _ca.Token("short.test"), ("notAfter", "6m"));

        reply.ShouldBeRefused(403, "The request was forbidden by the certificate authority: the authority upstream refuses this certificate; the log here says why.");
        _ca.Logs.Text.Split('\n').ShouldContain(line => line.Contains("short.test", StringComparison.Ordinal) && line.Contains("less than the authorized minimum certificate duration of 10m", StringComparison.Ordinal));
    }

    [SkippableFact]
    public async Task Sign_ATemplateThatAsksForMore_Is403AndAsksUpstreamForNothing()
    {
        using var owner = new TemplateOwner("contents");
        await owner.SaveAsync(_ca, owner.Definition(new JsonObject
        {
            ["x509"] = new JsonObject { ["template"] = """{"subject": {"commonName": "{{ .Subject.CommonName }}", "organization": "Ops"}, "sans": {{ toJson .SANs }}, "keyUsage": ["digitalSignature"], "extKeyUsage": ["clientAuth"]}""" },
        }));
        using var client = _ca.Client();
        using var key = StepCaCalls.NewKey();

        var reply = await client.SignAsync(StepCaCalls.Csr(key, "more.test", "more.test"), owner.Token(_ca, "more.test"));

        reply.ShouldBeRefusedBecause(403, "The request was forbidden by the certificate authority: what a certificate has beside its names is the authority's upstream to say");
        (await fixture.CountAsync("SELECT count(*) FROM ca.upstream_orders WHERE subject = 'more.test'")).ShouldBe(0);
    }

    /// <summary>As after a process that was killed in between: upstream has signed, the ledger knows of nothing.</summary>
    [SkippableFact]
    public async Task Sign_EndedAfterUpstreamSigned_IsSafeToRetryAndTheLostCertificateIsRevokedUpstream()
    {
        using var client = _ca.Client();
        using var key = StepCaCalls.NewKey();
        var (csr, token) = (StepCaCalls.Csr(key, "lost.test", "lost.test"), _ca.Token("lost.test"));
        await fixture.ExecuteAsync("""
            CREATE FUNCTION ca.lose() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN RAISE EXCEPTION 'lost' USING ERRCODE = '57P01'; END $$;
            CREATE TRIGGER lose BEFORE INSERT ON ca.certificates FOR EACH ROW EXECUTE FUNCTION ca.lose();
            """);
        StepCaReply ended;
        try
        {
            ended = await client.SignAsync(csr, token);
        }
        finally
        {
            await fixture.ExecuteAsync("DROP TRIGGER lose ON ca.certificates; DROP FUNCTION ca.lose();");
        }

        ((int)ended.Status).ShouldBe(503, ended.Body);
        var again = await client.SignAsync(csr, token);
        again.Status.ShouldBe(HttpStatusCode.Created, again.Body);
        await fixture.UpkeepAsync();
        (await fixture.CountAsync("SELECT count(*) FROM ca.upstream_orders WHERE subject = 'lost.test' AND serial IS NOT NULL AND NOT settled")).ShouldBe(2, "the other one may still be under way to the ledger");

        // Not by the clock: step-ca has its own, which judges tokens.
        await fixture.ExecuteAsync("UPDATE ca.upstream_orders SET asked_at = asked_at - interval '3 minutes' WHERE subject = 'lost.test'");
        await fixture.UpkeepAsync();

        _ca.Logs.Text.Split('\n').Count(line => line.Contains("has revoked the certificate", StringComparison.Ordinal) && !line.Contains(again.Certificate.SerialNumber, StringComparison.OrdinalIgnoreCase)).ShouldBeGreaterThan(0);
        (await fixture.CountAsync("SELECT count(*) FROM ca.upstream_orders WHERE subject = 'lost.test' AND NOT settled")).ShouldBe(0);
        (await fixture.CountAsync("SELECT count(*) FROM ca.upstream_revocations")).ShouldBe(0);
        (await fixture.Peer.RenewsAsync(again.Certificate.CopyWithPrivateKey(key))).ShouldBeTrue("the one that was handed out is good");
    }
}
