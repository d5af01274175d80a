using System.Buffers.Text;
using System.Net;
using System.Security.Cryptography.X509Certificates;
using System.Text.Json.Nodes;
using IoTPlatform.CertificateAuthority.Tests.Acme;
using IoTPlatform.CertificateAuthority.Tests.Templates;
using IoTPlatform.Pki;
using IoTPlatform.Pki.Files;
using IoTPlatform.Testing;

namespace IoTPlatform.CertificateAuthority.Tests.Upstream;

/// <summary>Leaves by this authority's provisioners, signed by a real step-ca.</summary>
public sealed class RegistrationAuthorityTests : IClassFixture<RegistrationHost>
{
    private readonly RegistrationHost _fixture;
    private readonly CaHost _ca;

    public RegistrationAuthorityTests(RegistrationHost fixture)
    {
        (_fixture, _ca) = (fixture, fixture.Ca);
        // Tokens are of now.
        fixture.CatchUp();
    }

    [SkippableFact]
    public async Task Sign_ForAToken_IsSignedUpstreamAndOnRecordHere()
    {
        using var client = _ca.Client();
        using var key = StepCaCalls.NewKey();

        var reply = await client.SignAsync(StepCaCalls.Csr(key, "one.test", "one.test", "192.0.2.1"), _ca.Token("one.test", "one.test", "192.0.2.1"));

        reply.Status.ShouldBe(HttpStatusCode.Created, reply.Body);
        var chain = reply.Json.GetProperty("certChain").EnumerateArray().Select(pem => Pem.ParseCertificate(pem.GetString()!)).ToArray();
        ChainVerifier.Verify(chain[0], chain[1..], [_fixture.Peer.Root], CertificatePurpose.ServerAuth, TimeProvider.System.GetUtcNow()).IsValid.ShouldBeTrue();
        (await OpenSsl.VerifyAsync(TimeProvider.System.GetUtcNow(), "sslserver", [.. chain, _fixture.Peer.Root])).EnsureSuccess();
        reply.Json.GetProperty("ca").GetString().ShouldBe(reply.Json.GetProperty("certChain")[1].GetString());
        var record = (await _ca.Authority.FindAsync(chain[0].SerialNumberBytes.ToArray(), default))!;
        (record.Profile, record.Provisioner, record.Issuer, record.Subject).ShouldBe(("leaf", "iot-bridge", "Upstream Intermediate CA", "one.test"));
        record.Der.ShouldBe(chain[0].RawData);
        (await client.ReadAsync("/roots")).Json.GetProperty("crts").GetArrayLength().ShouldBe(2);
        (await client.ReadAsync("/roots.pem")).Body.ShouldBe(Pem.Certificate(_ca.Root.RawData), "it is saved as the trust in this host");
        (await client.ReadAsync($"/root/{Fingerprint.Of(_fixture.Peer.Root)}")).Json.GetProperty("ca").GetString().ShouldBe(Pem.Certificate(_fixture.Peer.Root.RawData));
    }

    [SkippableFact]
    public async Task Sign_BySpentToken_Is401AndAsksUpstreamForNothing()
    {
        using var client = _ca.Client();
        using var key = StepCaCalls.NewKey();
        var token = _ca.Token("spent.test");
        (await client.SignAsync(StepCaCalls.Csr(key, "spent.test", "spent.test"), token)).Status.ShouldBe(HttpStatusCode.Created);

        (await client.SignAsync(StepCaCalls.Csr(key, "spent.test", "spent.test"), token)).ShouldBeRefused(401, StepCaCalls.Unauthorized);

        (await _fixture.CountAsync("SELECT count(*) FROM ca.upstream_orders WHERE subject = 'spent.test'")).ShouldBe(1);
    }

    /// <summary>A refused token is not spent: one that is repeated must not make upstream sign without end.</summary>
    [SkippableFact]
    public async Task Sign_BeyondABudget_MakesUpstreamSignNothing()
    {
        using var owner = new TemplateOwner("limited");
        await owner.SaveAsync(_ca, owner.Definition(new JsonObject { ["limits"] = new JsonObject { ["certificatesPerMonth"] = 1 } }));
        using var client = _ca.Client();
        using var key = StepCaCalls.NewKey();
        (await client.SignAsync(StepCaCalls.Csr(key, "within.test", "within.test"), owner.Token(_ca, "within.test"))).Status.ShouldBe(HttpStatusCode.Created);
        var token = owner.Token(_ca, "beyond.test");

        for (var n = 0; n < 3; n++)
        {
            (await client.SignAsync(StepCaCalls.Csr(key, "beyond.test", "beyond.test"), token)).Status.ShouldBe(HttpStatusCode.TooManyRequests);
        }

        (await _fixture.CountAsync("SELECT count(*) FROM ca.upstream_orders WHERE subject = 'beyond.test'")).ShouldBe(0);
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
        (await _fixture.CountAsync("SELECT count(*) FROM ca.upstream_orders WHERE subject = 'eager.test'")).ShouldBe(replies.Count, "the first, and all renewals but the last");
    }

    [SkippableFact]
    public async Task Renew_ALeafOfUpstreamsThatIsNotOnRecordHere_Is401()
    {
        using var current = await _ca.EnrollAsync("known.test");
        using var theirs = _fixture.Peer.Client(current);
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
        (await _fixture.Peer.RenewsAsync(certificate)).ShouldBeTrue();

        (await client.RevokeAsync(certificate.Serial(), _ca.RevokeToken(certificate.Serial()), reasonCode: 1)).Status.ShouldBe(HttpStatusCode.OK);
        await _fixture.UpkeepAsync();

        (await _fixture.Peer.RenewsAsync(certificate)).ShouldBeFalse();
        using var revoked = _ca.Client(certificate);
        (await revoked.SendAsync("/1.0/renew", "")).ShouldBeRefused(401, StepCaCalls.Unauthorized);
        (await _fixture.CountAsync("SELECT count(*) FROM ca.upstream_revocations")).ShouldBe(0);
    }

    [SkippableFact]
    public async Task Hold_IsKeptHereAndNotToldUpstream()
    {
        using var certificate = await _ca.EnrollAsync("held.test");
        using var client = _ca.Client();

        (await client.RevokeAsync(certificate.Serial(), _ca.RevokeToken(certificate.Serial()), reasonCode: 6)).Status.ShouldBe(HttpStatusCode.OK);
        await _fixture.UpkeepAsync();

        (await _fixture.Peer.RenewsAsync(certificate)).ShouldBeTrue("what is revoked there does not come back");
    }

    [SkippableFact]
    public async Task Acme_Order_IsSignedUpstreamAndRevokedThere()
    {
        using var client = await _fixture.Acme.NewClientAsync();
        using var key = StepCaCalls.NewKey();
        var order = await _fixture.Acme.ReadyOrderAsync(client, "acme-a.test", "acme-b.test");

        var finished = await client.FinalizeAsync(order, key, null, "acme-a.test", "acme-b.test");
        finished["status"].ShouldBe("valid", finished.Body);
        var chain = Pem.ParseCertificates((await client.GetAsync(finished["certificate"])).Body);

        chain.Length.ShouldBe(2);
        ChainVerifier.Verify(chain[0], [chain[1]], [_fixture.Peer.Root], CertificatePurpose.ServerAuth, TimeProvider.System.GetUtcNow()).Reason.ShouldBeNull();
        ParsedCertificate.Parse(chain[0].RawData).Names.Dns.ShouldBe(["acme-a.test", "acme-b.test"], ignoreOrder: true);
        (await client.PostAsync(client.At("revoke-cert"), new { certificate = Base64Url.EncodeToString(chain[0].RawData), reason = 4 })).Status.ShouldBe(HttpStatusCode.OK);
        await _fixture.UpkeepAsync();
        (await _fixture.Peer.RenewsAsync(chain[0].CopyWithPrivateKey(key))).ShouldBeFalse();
    }

    [SkippableFact]
    public async Task Sign_UpstreamAway_Is503AndSpendsNothing()
    {
        using var client = _ca.Client();
        using var key = StepCaCalls.NewKey();
        var (csr, token) = (StepCaCalls.Csr(key, "patient.test", "patient.test"), _ca.Token("patient.test"));
        using var certificate = await _ca.EnrollAsync("revoked-meanwhile.test");

        await _fixture.Peer.GoAwayAsync();
        StepCaReply away;
        try
        {
            away = await client.SignAsync(csr, token);
            (await client.RevokeAsync(certificate.Serial(), _ca.RevokeToken(certificate.Serial()))).Status.ShouldBe(HttpStatusCode.OK);
            await _fixture.UpkeepAsync(isAway: true);
        }
        finally
        {
            await _fixture.Peer.ComeBackAsync();
            _fixture.CatchUp();
        }

        away.ShouldBeRefused(503, "The request could not be completed: the authority upstream gives no answer.");
        away.RetryAfter.ShouldBe(TimeSpan.FromSeconds(5));
        (await _fixture.CountAsync("SELECT count(*) FROM ca.upstream_orders WHERE subject = 'patient.test'")).ShouldBe(0);
        (await client.SignAsync(csr, token)).Status.ShouldBe(HttpStatusCode.Created, "the token is not spent");
        _fixture.Acme.Time.Advance(TimeSpan.FromSeconds(6));
        await _fixture.UpkeepAsync();
        (await _fixture.Peer.RenewsAsync(certificate)).ShouldBeFalse("it has been told once it was back");
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
        (await _fixture.CountAsync("SELECT count(*) FROM ca.upstream_orders WHERE subject = 'more.test'")).ShouldBe(0);
    }

    /// <summary>As after a process that was killed in between: upstream has signed, the ledger knows of nothing.</summary>
    [SkippableFact]
    public async Task Sign_EndedAfterUpstreamSigned_IsSafeToRetryAndTheLostCertificateIsRevokedUpstream()
    {
        using var client = _ca.Client();
        using var key = StepCaCalls.NewKey();
        var (csr, token) = (StepCaCalls.Csr(key, "lost.test", "lost.test"), _ca.Token("lost.test"));
        await _fixture.ExecuteAsync("""
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
            await _fixture.ExecuteAsync("DROP TRIGGER lose ON ca.certificates; DROP FUNCTION ca.lose();");
        }

        ((int)ended.Status).ShouldBe(503, ended.Body);
        var again = await client.SignAsync(csr, token);
        again.Status.ShouldBe(HttpStatusCode.Created, again.Body);
        await _fixture.UpkeepAsync();
        (await _fixture.CountAsync("SELECT count(*) FROM ca.upstream_orders WHERE subject = 'lost.test' AND serial IS NOT NULL AND NOT settled")).ShouldBe(2, "the other one may still be under way to the ledger");

        // Not by the clock: step-ca has its own, which judges tokens.
        await _fixture.ExecuteAsync("UPDATE ca.upstream_orders SET asked_at = asked_at - interval '3 minutes' WHERE subject = 'lost.test'");
        await _fixture.UpkeepAsync();

        var lost = (byte[])(await _fixture.ScalarAsync($"SELECT serial FROM ca.upstream_orders WHERE subject = 'lost.test' AND serial <> '\\x{again.Certificate.SerialNumber}'"))!;
        _ca.Logs.Text.Split('\n').ShouldContain(line => line.Contains($"has revoked the certificate {SerialNumber.ToHex(lost)}", StringComparison.Ordinal));
        (await _fixture.CountAsync("SELECT count(*) FROM ca.upstream_orders WHERE subject = 'lost.test' AND NOT settled")).ShouldBe(0);
        (await _fixture.CountAsync("SELECT count(*) FROM ca.upstream_revocations")).ShouldBe(0);
        (await _fixture.Peer.RenewsAsync(again.Certificate.CopyWithPrivateKey(key))).ShouldBeTrue("the one that was handed out is good");
    }

    /// <summary>As after a wait for the database: the round has been over the order, and saw no certificate in it.</summary>
    [SkippableFact]
    public async Task Sign_AnsweredAfterItsOrderWasSettled_IsLookedAtAgain()
    {
        using var client = _ca.Client();
        using var key = StepCaCalls.NewKey();
        await _fixture.ExecuteAsync("""
            CREATE FUNCTION ca.settle() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN NEW.settled := true; RETURN NEW; END $$;
            CREATE TRIGGER settle BEFORE INSERT ON ca.upstream_orders FOR EACH ROW EXECUTE FUNCTION ca.settle();
            """);
        try
        {
            (await client.SignAsync(StepCaCalls.Csr(key, "late.test", "late.test"), _ca.Token("late.test"))).Status.ShouldBe(HttpStatusCode.Created);
        }
        finally
        {
            await _fixture.ExecuteAsync("DROP TRIGGER settle ON ca.upstream_orders; DROP FUNCTION ca.settle();");
        }

        (await _fixture.CountAsync("SELECT count(*) FROM ca.upstream_orders WHERE subject = 'late.test' AND serial IS NOT NULL AND NOT settled")).ShouldBe(1);
    }

    [SkippableFact]
    public async Task Sign_AnswerCantBePutOnRecord_IsRevokedUpstreamAtOnce()
    {
        using var client = _ca.Client();
        using var key = StepCaCalls.NewKey();
        var (csr, token) = (StepCaCalls.Csr(key, "forgotten.test", "forgotten.test"), _ca.Token("forgotten.test"));
        await _fixture.ExecuteAsync("""
            CREATE FUNCTION ca.fail() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN RAISE EXCEPTION 'lost' USING ERRCODE = '57P01'; END $$;
            CREATE TRIGGER fail BEFORE UPDATE ON ca.upstream_orders FOR EACH ROW WHEN (NEW.subject = 'forgotten.test') EXECUTE FUNCTION ca.fail();
            """);
        StepCaReply failed;
        try
        {
            failed = await client.SignAsync(csr, token);
        }
        finally
        {
            await _fixture.ExecuteAsync("DROP TRIGGER fail ON ca.upstream_orders; DROP FUNCTION ca.fail();");
        }

        ((int)failed.Status).ShouldBe(503, failed.Body);
        _ca.Logs.Text.Split('\n').ShouldContain(line => line.Contains("has revoked the certificate", StringComparison.Ordinal) && line.Contains("which is not on record", StringComparison.Ordinal));
        (await client.SignAsync(csr, token)).Status.ShouldBe(HttpStatusCode.Created, "the token is not spent");
    }

    [SkippableFact]
    public async Task Settle_ManyOrders_ReadsThoseItChangesAlone()
    {
        await using var connection = await _ca.Database.DataSource.OpenConnectionAsync();
        await using var transaction = await connection.BeginTransactionAsync();
        await using var command = connection.CreateCommand();
        command.CommandText = """
            INSERT INTO ca.upstream_orders (asked_at, subject, requester, root, serial, not_after, settled)
              SELECT now(), 'many.test', 'test', 'root', int4send(i), now() + interval '1 day', true FROM generate_series(1, 5000) i;
            INSERT INTO ca.upstream_orders (asked_at, subject, requester, root, settled) VALUES (now() - interval '25 hours', 'unanswered.test', 'test', 'root', true);
            """;
        await command.ExecuteNonQueryAsync();
        const string Read = "SELECT seq_tup_read + idx_tup_fetch FROM pg_stat_xact_user_tables WHERE schemaname = 'ca' AND relname = 'upstream_orders'";
        command.CommandText = Read;
        var before = (long)(await command.ExecuteScalarAsync())!;

        command.CommandText = "SELECT ca.settle_upstream(now(), 200)";
        await command.ExecuteScalarAsync();

        command.CommandText = Read;
        ((long)(await command.ExecuteScalarAsync())! - before).ShouldBeLessThan(500);
        command.CommandText = "SELECT count(*) FROM ca.upstream_orders WHERE subject = 'unanswered.test'";
        (await command.ExecuteScalarAsync()).ShouldBe(0L, "upstream had failed at it, a day ago");
    }

    [SkippableFact]
    public async Task Revoke_SettlingFails_IsToldUpstream()
    {
        using var certificate = await _ca.EnrollAsync("told.test");
        using var client = _ca.Client();
        (await client.RevokeAsync(certificate.Serial(), _ca.RevokeToken(certificate.Serial()))).Status.ShouldBe(HttpStatusCode.OK);

        await _fixture.ExecuteAsync("ALTER FUNCTION ca.settle_upstream RENAME TO settle_upstream_away");
        try
        {
            await _fixture.UpkeepAsync();
        }
        finally
        {
            await _fixture.ExecuteAsync("ALTER FUNCTION ca.settle_upstream_away RENAME TO settle_upstream");
        }

        (await _fixture.Peer.RenewsAsync(certificate)).ShouldBeFalse();
    }

    [SkippableFact]
    public async Task Revoke_AFormerUpstreamsLeaf_IsKeptAndNotToldToThisOne()
    {
        using var certificate = await _ca.EnrollAsync("former.test");
        using var client = _ca.Client();
        await _fixture.ExecuteAsync("UPDATE ca.upstream_orders SET root = 'another' WHERE subject = 'former.test'");

        (await client.RevokeAsync(certificate.Serial(), _ca.RevokeToken(certificate.Serial()))).Status.ShouldBe(HttpStatusCode.OK);
        await _fixture.UpkeepAsync();

        (await _fixture.Peer.RenewsAsync(certificate)).ShouldBeTrue();
        await _fixture.ExecuteAsync("UPDATE ca.upstream_revocations SET root = (SELECT root FROM ca.upstream_orders WHERE root <> 'another' LIMIT 1) WHERE root = 'another'");
        await _fixture.UpkeepAsync();
        (await _fixture.Peer.RenewsAsync(certificate)).ShouldBeFalse("it is this one's, after all");
    }
}
