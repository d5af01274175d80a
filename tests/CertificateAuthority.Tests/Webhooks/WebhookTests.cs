using System.Net;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using System.Text;
using System.Text.Json;
using System.Text.Json.Nodes;
using IoTPlatform.CertificateAuthority.Provisioners;
using IoTPlatform.CertificateAuthority.Tests.Templates;
using IoTPlatform.CertificateAuthority.Webhooks;
using IoTPlatform.Hosting;
using IoTPlatform.Pki;
using IoTPlatform.Testing;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.Logging.Abstractions;

namespace IoTPlatform.CertificateAuthority.Tests.Webhooks;

/// <summary>Services that are asked before a certificate is signed: honest, silent, broken and hostile ones.</summary>
public sealed class WebhookTests(WebhookTests.Host host) : IClassFixture<WebhookTests.Host>, IAsyncLifetime
{
    private static readonly IPNetwork[] Loopback = [IPNetwork.Parse("127.0.0.0/8"), IPNetwork.Parse("::1/128")];
    private static readonly byte[] Secret = WebhookDefinitionTests.Secret;

    private readonly TemplateOwner _owner = new("asking " + Guid.NewGuid());
    private readonly CaHost _ca = host.Ca;
    private WebhookServer _server = null!;

    public async Task InitializeAsync() => _server = await WebhookServer.StartAsync(host.Certificate, [.. _ca.Authority.Chain.Intermediates]);

    public async Task DisposeAsync()
    {
        _owner.Dispose();
        await _server.DisposeAsync();
    }

    [SkippableFact]
    public async Task Enriching_Answer_IsTheTemplatesToUse()
    {
        _server.Answer = (_, context) => context.Response.WriteAsync("""{"data":{"unit":"line 7"},"allow":true}""");
        await SaveAsync(Webhook("people", "ENRICHING"), template: """{"subject":{"commonName":{{ toJson .Subject.CommonName }},"organizationalUnit":{{ toJson .Webhooks.people.unit }}},"sans":{{ toJson .SANs }}}""");

        using var certificate = (await SignAsync()).Certificate;

        certificate.Subject.ShouldContain("OU=line 7");
        var call = _server.Calls.ShouldHaveSingleItem();
        call.Headers["X-Smallstep-Webhook-ID"].ShouldBe("id-people");
        call.Headers["X-Smallstep-Signature"].ShouldBe(Convert.ToHexStringLower(HMACSHA256.HashData(Secret, call.Body)));
        call.Headers["Content-Type"].ShouldBe("application/json");
        call.Headers.ShouldNotContainKey("Authorization");
        call.Client.ShouldNotBeNull().ShouldContain(_ca.Module.Options.ServiceName);
        var body = JsonDocument.Parse(call.Body).RootElement;
        body.GetProperty("provisionerName").GetString().ShouldBe(_owner.Name);
        body.GetProperty("timestamp").GetDateTimeOffset().ShouldBe(TimeProvider.System.GetUtcNow(), TimeSpan.FromMinutes(1));
        var request = body.GetProperty("x509CertificateRequest");
        request.GetProperty("subject").GetProperty("commonName").GetString().ShouldBe("a.test");
        request.GetProperty("dnsNames")[0].GetString().ShouldBe("a.test");
        request.GetProperty("publicKeyAlgorithm").GetString().ShouldBe("ECDSA");
        CertificateSigningRequest.ParseDer(request.GetProperty("raw").GetBytesFromBase64()).SubjectPublicKeyInfo.ToArray().ShouldBe(request.GetProperty("publicKey").GetBytesFromBase64());
        body.TryGetProperty("token", out _).ShouldBeFalse("who sees it could use it first");
    }

    [SkippableFact]
    public async Task Authorizing_SeesWhatIsAboutToBeSigned()
    {
        await SaveAsync(Webhook("approval", "AUTHORIZING"), template: """{"subject":{"commonName":"other.test","organization":"Ops"},"dnsNames":["other.test"],"keyUsage":["digitalSignature"],"extKeyUsage":["clientAuth"]}""");

        (await SignAsync()).Status.ShouldBe(HttpStatusCode.Created);

        var certificate = JsonDocument.Parse(_server.Calls.ShouldHaveSingleItem().Body).RootElement.GetProperty("x509Certificate");
        certificate.GetProperty("subject").GetProperty("commonName").GetString().ShouldBe("other.test");
        certificate.GetProperty("subject").GetProperty("organization")[0].GetString().ShouldBe("Ops");
        certificate.GetProperty("dnsNames")[0].GetString().ShouldBe("other.test");
        certificate.GetProperty("keyUsage")[0].GetString().ShouldBe("digitalSignature");
        certificate.GetProperty("extKeyUsage")[0].GetString().ShouldBe("clientAuth");
        (certificate.GetProperty("notAfter").GetDateTimeOffset() - certificate.GetProperty("notBefore").GetDateTimeOffset()).ShouldBe(TimeSpan.FromHours(24), TimeSpan.FromMinutes(2));
    }

    [SkippableTheory]
    [InlineData("ENRICHING")]
    [InlineData("AUTHORIZING")]
    public async Task Refusal_EndsTheRequestAndCostsNoToken(string kind)
    {
        _server.Answer = (call, context) => context.Response.WriteAsync(call == 1 ? """{"allow":false,"error":{"code":"unknown","message":"nobody ordered this device"}}""" : """{"allow":true}""");
        await SaveAsync(Webhook("approval", kind));
        var token = _owner.Token(_ca, "a.test", "a.test");

        var refused = await SignAsync(token);
        var allowed = await SignAsync(token);

        refused.ShouldBeRefused(403, "The request was forbidden by the certificate authority: the webhook approval says: nobody ordered this device.");
        allowed.Status.ShouldBe(HttpStatusCode.Created, allowed.Body);
    }

    [SkippableTheory]
    [InlineData("""{}""", 403)]
    [InlineData("""{"allow":"true"}""", 403)]
    [InlineData("""{"allow":1}""", 403)]
    [InlineData("""{"Allow":true}""", 403)]
    [InlineData("""{"allow":false}""", 403)]
    [InlineData("""{"allow":true,"allow":true}""", 503)]
    [InlineData("""true""", 503)]
    [InlineData("""nonsense""", 503)]
    [InlineData("", 503)]
    public async Task Answer_ThatDoesNotAllow_Refuses(string answer, int status)
    {
        _server.Answer = (_, context) => context.Response.WriteAsync(answer);
        await SaveAsync(Webhook("approval", "AUTHORIZING"));

        ((int)(await SignAsync()).Status).ShouldBe(status);
    }

    [SkippableFact]
    public async Task Answer_TooLarge_Refuses()
    {
        _server.Answer = async (_, context) =>
        {
            await context.Response.WriteAsync("""{"allow":true,"data":" """.TrimEnd());
            await context.Response.WriteAsync(new string('x', WebhookCalls.MaxBytes) + "\"}");
        };
        await SaveAsync(Webhook("approval", "AUTHORIZING"));

        (await SignAsync()).Status.ShouldBe(HttpStatusCode.ServiceUnavailable);
    }

    [SkippableTheory]
    [InlineData(500, 200, 201, 2)]
    [InlineData(500, 500, 503, 2)]
    [InlineData(404, 200, 503, 1)]
    [InlineData(302, 200, 503, 1)]
    public async Task Status_OtherThanSuccess_IsTriedAgainWhereItMayPass(int first, int second, int result, int calls)
    {
        _server.Answer = (call, context) =>
        {
            context.Response.StatusCode = call == 1 ? first : second;
            context.Response.Headers.Location = "/elsewhere";
            return context.Response.WriteAsync("""{"allow":true}""");
        };
        await SaveAsync(Webhook("approval", "AUTHORIZING"));

        var reply = await SignAsync();

        ((int)reply.Status).ShouldBe(result, reply.Body);
        _server.Calls.Count.ShouldBe(calls);
        _server.Calls.ShouldAllBe(call => call.Path == "/hook");
    }

    [SkippableFact]
    public async Task Provisioner_RemovedWhileAsked_SignsNothing()
    {
        await SaveAsync(Webhook("approval", "AUTHORIZING"));
        _server.Answer = async (_, context) =>
        {
            await _ca.Module.ProvisionerStore.RemoveAsync(_owner.Name, new ProvisionerChange("admin"), default);
            await _ca.Module.Provisioners.ReloadAsync(default);
            await context.Response.WriteAsync("""{"allow":true}""");
        };

        (await SignAsync()).Status.ShouldBe(HttpStatusCode.ServiceUnavailable);
    }

    [SkippableFact]
    public async Task Token_ThatIsNotGenuine_AsksNobody()
    {
        await SaveAsync(Webhook("approval", "ENRICHING"));
        using var stranger = new TemplateOwner(_owner.Name);

        (await SignAsync(stranger.Token(_ca, "a.test", "a.test"))).Status.ShouldBe(HttpStatusCode.Unauthorized);

        _server.Calls.ShouldBeEmpty();
    }

    [SkippableTheory]
    [InlineData("""{"bearerToken":"abc"}""", "Bearer abc")]
    [InlineData("""{"basicAuth":{"username":"u","password":"p"}}""", "Basic dTpw")]
    public async Task Login_IsSent(string login, string header)
    {
        await SaveAsync(Webhook("approval", "AUTHORIZING", login));

        (await SignAsync()).Status.ShouldBe(HttpStatusCode.Created);

        _server.Calls.ShouldHaveSingleItem().Headers["Authorization"].ShouldBe(header);
    }

    [SkippableFact]
    public async Task ClientCertificate_Disabled_IsNotShown()
    {
        await SaveAsync(Webhook("approval", "AUTHORIZING", """{"disableTLSClientAuth":true}"""));

        (await SignAsync()).Status.ShouldBe(HttpStatusCode.Created);

        _server.Calls.ShouldHaveSingleItem().Client.ShouldBeNull();
    }

    [SkippableTheory]
    [InlineData("localhost")]
    [InlineData("127.0.0.1")]
    [InlineData("127.1.2.3")]
    [InlineData("[::1]")]
    [InlineData("[::ffff:127.0.0.1]")]
    [InlineData("0.0.0.0")]
    [InlineData("169.254.169.254")]
    [InlineData("[fd00:ec2::254]")]
    [InlineData("[fe80::1]")]
    [InlineData("2130706433")]
    public async Task Address_OfThisMachineOrACloudsMetadata_IsNotAsked(string host)
    {
        using var calls = Calls([]);
        var webhook = WebhookDefinitionTests.Read(Webhook("inside", "AUTHORIZING", url: $"https://{host}:{_server.Url.Port}/hook"));

        (await Should.ThrowAsync<ProblemException>(() => calls.AskAsync(webhook, "{}", default))).Code.ShouldBe("webhook_unavailable");

        _server.Calls.ShouldBeEmpty();
    }

    [SkippableFact]
    public async Task Certificate_OfAnotherRootOrName_IsNotTrusted()
    {
        using var calls = Calls(Loopback);
        await using var foreign = await WebhookServer.StartAsync(SelfSigned());
        await using var misnamed = await WebhookServer.StartAsync(await _ca.EnrollAsync("other.test"), [.. _ca.Authority.Chain.Intermediates]);

        foreach (var server in new[] { foreign, misnamed })
        {
            (await Should.ThrowAsync<ProblemException>(() => calls.AskAsync(WebhookDefinitionTests.Read(Webhook("foreign", "AUTHORIZING", url: server.Url.AbsoluteUri)), "{}", default))).Code.ShouldBe("webhook_unavailable");
            server.Calls.ShouldBeEmpty();
        }
    }

    [SkippableFact]
    public async Task Certificate_OfATenantsCa_IsNotTrusted()
    {
        using var calls = Calls(Loopback);
        await using var tenant = await SubCaHost.StartAsync(_ca);
        await using var server = await WebhookServer.StartAsync(await tenant.EnrollAsync("localhost"), [.. tenant.Authority.Chain.Intermediates]);

        (await Should.ThrowAsync<ProblemException>(() => calls.AskAsync(WebhookDefinitionTests.Read(Webhook("tenants", "AUTHORIZING", url: server.Url.AbsoluteUri)), "{}", default))).Code.ShouldBe("webhook_unavailable");

        server.Calls.ShouldBeEmpty();
    }

    [SkippableFact]
    public async Task One_ThatIsSlow_LeavesPlacesForOthers()
    {
        var release = new TaskCompletionSource();
        _server.Answer = async (_, context) =>
        {
            await release.Task;
            await context.Response.WriteAsync("""{"allow":true}""");
        };
        using var calls = Calls(Loopback);
        var slow = WebhookDefinitionTests.Read(Webhook("slow", "AUTHORIZING"));

        var asked = Enumerable.Range(0, WebhookCalls.MostOfOne).Select(_ => calls.AskAsync(slow, "{}", default)).ToList();
        var refused = await Should.ThrowAsync<ProblemException>(() => calls.AskAsync(slow, "{}", default));
        asked.Add(calls.AskAsync(WebhookDefinitionTests.Read(Webhook("other", "AUTHORIZING")), "{}", default));
        release.SetResult();
        await Task.WhenAll(asked);

        refused.Code.ShouldBe("overloaded");
        (await calls.AskAsync(slow, "{}", default)).ShouldBeNull();
    }

    [SkippableFact]
    public async Task Silence_RefusesAfterTenSeconds()
    {
        var time = new FakeTime(TimeProvider.System.GetUtcNow());
        var asked = new TaskCompletionSource();
        _server.Answer = async (_, context) =>
        {
            asked.TrySetResult();
            await Task.Delay(Timeout.Infinite, context.RequestAborted).ContinueWith(_ => { }, TaskScheduler.Default);
        };
        using var calls = Calls(Loopback, time);

        var answer = calls.AskAsync(WebhookDefinitionTests.Read(Webhook("silent", "AUTHORIZING")), "{}", default);
        await asked.Task;
        time.Advance(TimeSpan.FromSeconds(10));

        (await Should.ThrowAsync<ProblemException>(() => answer)).Status.ShouldBe(503);
    }

    private static X509Certificate2 SelfSigned()
    {
        using var key = StepCaCalls.NewKey();
        var request = new CertificateRequest("CN=localhost", key, HashAlgorithmName.SHA256);
        var names = new SubjectAlternativeNameBuilder();
        names.AddDnsName("localhost");
        request.CertificateExtensions.Add(names.Build());
        return request.CreateSelfSigned(TimeProvider.System.GetUtcNow().AddDays(-1), TimeProvider.System.GetUtcNow().AddDays(1));
    }

    private WebhookCalls Calls(IReadOnlyList<IPNetwork> networks, TimeProvider? time = null) =>
        new(new WebhookOptions { Networks = networks }, () => _ca.Module.ServiceCertificate.Context, () => _ca.Authority.Issuers, time ?? TimeProvider.System, NullLogger<WebhookCalls>.Instance);

    private JsonObject Webhook(string name, string kind, string change = "{}", string? url = null) =>
        WebhookDefinitionTests.Change(new JsonObject { ["id"] = "id-" + name, ["name"] = name, ["kind"] = kind, ["url"] = url ?? _server.Url.AbsoluteUri, ["certType"] = "X509", ["secret"] = Convert.ToBase64String(Secret) }, change);

    private Task SaveAsync(JsonObject webhook, string? template = null)
    {
        var options = new JsonObject { ["webhooks"] = new JsonArray(webhook) };
        if (template is not null)
        {
            options["x509"] = new JsonObject { ["template"] = template };
        }

        return _owner.SaveAsync(_ca, _owner.Definition(options));
    }

    private async Task<StepCaReply> SignAsync(string? token = null)
    {
        using var key = StepCaCalls.NewKey();
        using var client = _ca.Client();
        return await client.SignAsync(StepCaCalls.Csr(key, "a.test", "a.test"), token ?? _owner.Token(_ca, "a.test", "a.test"));
    }

    /// <summary>One authority for all of them, and the certificate that services have of it.</summary>
    public sealed class Host : IAsyncLifetime
    {
        public CaHost Ca { get; private set; } = null!;

        public X509Certificate2 Certificate { get; private set; } = null!;

        public async Task InitializeAsync()
        {
            Ca = await CaHost.StartAsync(CaHost.DefaultOptions with { Webhooks = new WebhookOptions { Networks = Loopback } });
            Certificate = await Ca.EnrollAsync("localhost");
        }

        public async Task DisposeAsync()
        {
            Certificate.Dispose();
            await Ca.DisposeAsync();
        }
    }
}
