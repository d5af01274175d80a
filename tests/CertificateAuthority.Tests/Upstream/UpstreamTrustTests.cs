using System.Net;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using IoTPlatform.CertificateAuthority.Tests.Administration;
using IoTPlatform.CertificateAuthority.Tests.Webhooks;
using IoTPlatform.CertificateAuthority.Upstream;
using IoTPlatform.Hosting;
using IoTPlatform.Pki;
using IoTPlatform.Pki.Files;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.Configuration;

namespace IoTPlatform.CertificateAuthority.Tests.Upstream;

/// <summary>By what upstream is known, and by what it knows this host.</summary>
public sealed class UpstreamTrustTests(UpstreamTrustTests.Upstream upstream) : IClassFixture<UpstreamTrustTests.Upstream>
{
    private static readonly string[] Whole =
    [
        "IOT_UPSTREAM_CA_URL=https://ca.example:9000", $"IOT_UPSTREAM_CA_FINGERPRINT={new string('A', 64)}", "IOT_UPSTREAM_CA_PROVISIONER=ra", "IOT_UPSTREAM_CA_PASSWORD=secret",
    ];

    [SkippableFact]
    public async Task Sign_UpstreamOfAnotherRoot_Is502()
    {
        var options = upstream.Peer.Options with { RootFingerprint = new string('a', 64) };

        var (reply, log) = await SignAsync(options);

        reply.ShouldBeRefused(502, "The request could not be completed: the authority upstream can't be used; the log here says why.");
        log.ShouldContain(line => line.Contains("no root of the fingerprint in IOT_UPSTREAM_CA_FINGERPRINT", StringComparison.Ordinal));
    }

    [SkippableFact]
    public async Task Sign_AServerWithTheRootAndAnotherCertificate_Is502()
    {
        // A server in between: it hands out upstream's root, which is public, and has no certificate below it.
        using var key = StepCaCalls.NewKey();
        var now = TimeProvider.System.GetUtcNow();
        var request = new CertificateRequest("CN=localhost", key, HashAlgorithmName.SHA256);
        var names = new SubjectAlternativeNameBuilder();
        names.AddDnsName("localhost");
        request.CertificateExtensions.Add(names.Build());
        using var certificate = request.CreateSelfSigned(now.AddDays(-1), now.AddDays(1));
        await using var between = await WebhookServer.StartAsync(certificate);
        between.Answer = (_, context) => context.Response.WriteAsJsonAsync(new { ca = Pem.Certificate(upstream.Peer.Root.RawData) });
        var options = upstream.Peer.Options with { Url = new Uri(between.Url, "/") };

        var (reply, log) = await SignAsync(options);

        reply.ShouldBeRefused(502, "The request could not be completed: the authority upstream can't be used; the log here says why.");
        log.ShouldContain(line => line.Contains("no TLS connection", StringComparison.Ordinal));
        between.Calls.ShouldAllBe(call => call.Path.StartsWith("/root/", StringComparison.Ordinal), "no token goes to a stranger");
    }

    [SkippableFact]
    public async Task Sign_AServerWithALeafOfUpstreamsForAnotherName_Is502()
    {
        // What every client of upstream has: step-ca's leaves are for servers, too.
        using var known = new UpstreamClient(upstream.Peer.Options, TimeProvider.System);
        using var key = StepCaCalls.NewKey();
        var now = TimeProvider.System.GetUtcNow();
        var csr = CertificateSigningRequest.ParsePem(StepCaCalls.Csr(key, "client.test", "client.test"));
        var chain = await known.SignAsync(csr.Der, csr.Names, now, now.AddHours(1), default);
        using var certificate = chain[0].CopyWithPrivateKey(key);
        await using var between = await WebhookServer.StartAsync(certificate, chain[1]);
        between.Answer = (_, context) => context.Response.WriteAsJsonAsync(new { ca = Pem.Certificate(upstream.Peer.Root.RawData), provisioners = Array.Empty<string>() });
        var options = upstream.Peer.Options with { Url = new Uri(between.Url, "/") };

        var (reply, log) = await SignAsync(options);

        reply.ShouldBeRefused(502, "The request could not be completed: the authority upstream can't be used; the log here says why.");
        log.ShouldContain(line => line.Contains("no TLS connection", StringComparison.Ordinal));
        between.Calls.ShouldAllBe(call => call.Path.StartsWith("/root/", StringComparison.Ordinal), "no token goes to another client of upstream's");
    }

    [SkippableFact]
    public async Task Sign_ManyWhileUpstreamHangs_WaitForOneOpening()
    {
        var released = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        using var key = StepCaCalls.NewKey();
        using var certificate = new CertificateRequest("CN=localhost", key, HashAlgorithmName.SHA256).CreateSelfSigned(TimeProvider.System.GetUtcNow().AddDays(-1), TimeProvider.System.GetUtcNow().AddDays(1));
        await using var hanging = await WebhookServer.StartAsync(certificate);
        hanging.Answer = async (_, context) =>
        {
            await released.Task;
            context.Response.StatusCode = 503;
        };
        using var client = new UpstreamClient(upstream.Peer.Options with { Url = new Uri(hanging.Url, "/") }, TimeProvider.System);

        Task[] calls = [.. Enumerable.Range(0, 10).Select(_ => client.RevokeAsync([1], 4, default))];
        released.SetResult();

        foreach (var call in calls)
        {
            (await Should.ThrowAsync<UpstreamException>(call)).Failure.ShouldBe(UpstreamFailure.Unavailable);
        }

        hanging.Calls.Count.ShouldBe(1);
    }

    [SkippableFact]
    public async Task Upstream_NoMore_IsNotTrustedAndItsCertificatesKeepTheirIssuers()
    {
        await using var ca = await CaHost.StartAsync(CaHost.DefaultOptions with { Upstream = upstream.Peer.Options });
        using var certificate = await ca.EnrollAsync("kept.test");
        await ca.Module.Administrators.AddAsync("kept.test", "iot-bridge", isSuper: false, "operator", default);
        using (var before = ca.Client(certificate))
        {
            (await before.AdminAsync(certificate, "GET /admin/provisioners")).Status.ShouldBe(HttpStatusCode.OK);
            (await before.SendAsync("/1.0/renew", "")).Status.ShouldBe(HttpStatusCode.Created);
        }

        await ca.RestartAsync();

        using var client = ca.Client(certificate);
        (await client.AdminAsync(certificate, "GET /admin/provisioners")).Status.ShouldBe(HttpStatusCode.Unauthorized);
        (await client.SendAsync("/1.0/renew", "")).ShouldBeRefused(401, StepCaCalls.Unauthorized);
        (await client.ReadAsync("/roots")).Json.GetProperty("crts").GetArrayLength().ShouldBe(1);
        ca.Authority.Active.SentFor(ParsedCertificate.Parse(certificate.RawData).AuthorityKeyIdentifier!.Value.Span).Intermediates[0].SubjectName.Name.ShouldContain("Upstream Intermediate CA");
    }

    [SkippableFact]
    public async Task Sign_WrongPassword_Is502()
    {
        var (reply, log) = await SignAsync(upstream.Peer.Options with { Credential = UpstreamCredential.Jwk(StepCaPeer.Jwk, "wrong password") });

        reply.ShouldBeRefused(502, "The request could not be completed: the authority upstream can't be used; the log here says why.");
        log.ShouldContain(line => line.Contains("the credential can't be used", StringComparison.Ordinal));
        log.ShouldNotContain(line => line.Contains("wrong password", StringComparison.Ordinal));
    }

    [SkippableFact]
    public async Task Sign_UpstreamAddsAName_Is502AndWhatItSignedIsRevoked()
    {
        await using var ca = await CaHost.StartAsync(CaHost.DefaultOptions with { Upstream = upstream.Peer.Embellished });
        using var client = ca.Client();
        using var key = StepCaCalls.NewKey();

        var reply = await client.SignAsync(StepCaCalls.Csr(key, "plain.test", "plain.test"), ca.Token("plain.test"));

        reply.ShouldBeRefused(502, "The request could not be completed: the authority upstream can't be used; the log here says why.");
        ca.Logs.Text.Split('\n').ShouldContain(line => line.Contains("has other names", StringComparison.Ordinal));
        await using (var aged = ca.Database.DataSource.CreateCommand("UPDATE ca.upstream_orders SET asked_at = asked_at - interval '3 minutes' WHERE serial IS NOT NULL"))
        {
            (await aged.ExecuteNonQueryAsync()).ShouldBe(1);
        }

        for (var i = 0; i < 300 && !ca.Logs.Text.Contains("has revoked the certificate", StringComparison.Ordinal); i++)
        {
            await Task.Delay(100);
        }

        ca.Logs.Text.ShouldContain("has revoked the certificate");
    }

    [SkippableFact]
    public async Task Sign_ByTheCertificateOfAnX5cProvisioner_IsSignedUpstream()
    {
        var (reply, _) = await SignAsync(upstream.Peer.ByCertificate);

        reply.Status.ShouldBe(HttpStatusCode.Created, reply.Body);
        reply.Certificate.Issuer.ShouldContain("Upstream Intermediate CA");
    }

    [SkippableFact]
    public async Task SignRenewAndRevoke_BehindAnotherAuthorityOfOurs_Work()
    {
        await using var issuing = await CaHost.StartAsync();
        var options = new UpstreamOptions
        {
            Url = issuing.Url,
            RootFingerprint = issuing.RootFingerprint,
            Credential = UpstreamCredential.Jwk("iot-bridge", (await File.ReadAllTextAsync(issuing.ProvisionerPasswordFile)).Trim()),
        };
        await using var registration = await CaHost.StartAsync(CaHost.DefaultOptions with { Upstream = options });
        using var certificate = await registration.EnrollAsync("chained.test");
        using var client = registration.Client(certificate);

        var renewed = await client.SendAsync("/1.0/renew", "");
        renewed.Status.ShouldBe(HttpStatusCode.Created, renewed.Body);
        (await client.RevokeAsync(certificate.Serial(), registration.RevokeToken(certificate.Serial()), reasonCode: 4)).Status.ShouldBe(HttpStatusCode.OK);
        (await issuing.Authority.FindAsync(renewed.Certificate.SerialNumberBytes.ToArray(), default))!.IsRevoked.ShouldBeFalse();
        for (var i = 0; i < 300 && (await issuing.Authority.FindAsync(certificate.SerialNumberBytes.ToArray(), default))!.ReasonCode != RevocationReason.Superseded; i++)
        {
            await Task.Delay(100);
        }

        (await issuing.Authority.FindAsync(certificate.SerialNumberBytes.ToArray(), default))!.ReasonCode.ShouldBe(RevocationReason.Superseded);
    }

    [Fact]
    public void Read_WholeSettings_AreUnderstood()
    {
        var (options, errors) = Read(Whole);

        errors.ShouldBeEmpty();
        (options!.Url, options.RootFingerprint, options.Credential.Provisioner).ShouldBe((new Uri("https://ca.example:9000"), new string('a', 64), "ra"));
    }

    [Theory]
    [InlineData("IOT_UPSTREAM_CA_URL", "IOT_UPSTREAM_CA_URL is missing")]
    [InlineData("IOT_UPSTREAM_CA_FINGERPRINT", "IOT_UPSTREAM_CA_FINGERPRINT is not a SHA-256")]
    [InlineData("IOT_UPSTREAM_CA_PROVISIONER", "IOT_UPSTREAM_CA_PROVISIONER is missing")]
    [InlineData("IOT_UPSTREAM_CA_PASSWORD", "IOT_UPSTREAM_CA_PASSWORD is missing")]
    public void Read_WithoutOne_SaysWhich(string missing, string error)
    {
        var (options, errors) = Read([.. Whole.Where(setting => !setting.StartsWith(missing, StringComparison.Ordinal))]);

        options.ShouldBeNull();
        errors.ShouldHaveSingleItem().ShouldStartWith(error);
    }

    /// <summary>A JWK in plain needs no password.</summary>
    [Fact]
    public void Read_AKeyInThePasswordsPlace_IsUnderstood()
    {
        var (options, errors) = Read([.. Whole.Take(3), "IOT_UPSTREAM_CA_KEY=ra.jwk"]);

        errors.ShouldBeEmpty();
        options!.Credential.KeyFile.ShouldBe("ra.jwk");
    }

    [Fact]
    public void Read_Nothing_IsNoUpstream()
    {
        var (options, errors) = Read([]);

        options.ShouldBeNull();
        errors.ShouldBeEmpty();
    }

    private static (UpstreamOptions? Options, IReadOnlyList<string> Errors) Read(string[] settings)
    {
        var reader = new SettingsReader(new ConfigurationBuilder().AddInMemoryCollection(settings.Select(setting => setting.Split('=', 2)).ToDictionary(pair => pair[0], string? (pair) => pair[1])).Build());
        return (UpstreamOptions.Read(reader, UpstreamSettings.Leaves), reader.Errors);
    }

    private static async Task<(StepCaReply Reply, IReadOnlyList<string> Log)> SignAsync(UpstreamOptions options)
    {
        await using var ca = await CaHost.StartAsync(CaHost.DefaultOptions with { Upstream = options });
        using var client = ca.Client();
        using var key = StepCaCalls.NewKey();
        return (await client.SignAsync(StepCaCalls.Csr(key, "trusted.test", "trusted.test"), ca.Token("trusted.test")), ca.Logs.Text.Split('\n'));
    }

    public sealed class Upstream : IAsyncLifetime
    {
        internal StepCaPeer Peer { get; private set; } = null!;

        public async Task InitializeAsync() => Peer = await StepCaPeer.StartAsync();

        public async Task DisposeAsync() => await Peer.DisposeAsync();
    }
}
