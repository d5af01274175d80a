using System.Net;
using System.Net.Http.Json;
using System.Security.Cryptography.X509Certificates;
using System.Text;
using System.Text.Json.Nodes;
using IoTPlatform.CertificateAuthority.Events;
using IoTPlatform.CertificateAuthority.EventWebhooks;
using IoTPlatform.CertificateAuthority.Tests.Templates;
using IoTPlatform.CertificateAuthority.Webhooks;
using IoTPlatform.Events;
using IoTPlatform.Hosting;
using IoTPlatform.Identity;
using IoTPlatform.Testing;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Routing;
using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.DependencyInjection;

namespace IoTPlatform.CertificateAuthority.Tests.Webhooks;

/// <summary>Administrators who send what they may see elsewhere than to the hosts that the operator named.</summary>
public sealed class WebhookHostTests(WebhookHostTests.Host host) : IClassFixture<WebhookHostTests.Host>, IAsyncLifetime
{
    private readonly TemplateOwner _owner = new("asking " + Guid.NewGuid());
    private readonly CaHost _ca = host.Ca;
    private WebhookServer _server = null!;
    private HttpClient _admin = null!;

    /// <summary>The same server by a name that is not on the list, and that its certificate has.</summary>
    private string Elsewhere => $"https://127.0.0.1:{_server.Url.Port}/hook";

    public async Task InitializeAsync()
    {
        _server = await WebhookServer.StartAsync(host.Certificate, [.. _ca.Authority.Chain.Intermediates]);
        _admin = _ca.As("ada", Roles.Admin);
    }

    public async Task DisposeAsync()
    {
        _owner.Dispose();
        _admin.Dispose();
        await _server.DisposeAsync();
    }

    [SkippableTheory]
    [InlineData("https://127.0.0.1/hook")]
    [InlineData("https://localhost.evil.test/hook")]
    [InlineData("https://evil.test/localhost")]
    [InlineData("https://evil.test/?localhost")]
    [InlineData("https://hooks.test/hook")]
    [InlineData("https://evilhooks.test/hook")]
    [InlineData("https://a.hooks.test.evil.test/hook")]
    public async Task Webhook_AtAnotherHost_IsNotSaved(string url)
    {
        using var saved = await SaveAsync(url);
        using var savedOfEvents = await _admin.PutAsJsonAsync("/portal/event-webhooks/hook", new { url });

        foreach (var refused in new[] { saved, savedOfEvents })
        {
            refused.StatusCode.ShouldBe(HttpStatusCode.UnprocessableEntity);
            (await refused.Content.ReadAsStringAsync()).ShouldContain($"{new Uri(url).Host} is none of the hosts that webhooks may be at here (IOT_WEBHOOK_HOSTS).");
        }
    }

    [SkippableTheory]
    [InlineData("https://LOCALHOST/hook")]
    [InlineData("https://a.hooks.test:8443/hook")]
    [InlineData("https://a.b.HOOKS.test/hook")]
    public async Task Webhook_AtAHostOfTheList_IsSaved(string url)
    {
        (await SaveAsync(url)).StatusCode.ShouldBe(HttpStatusCode.OK);
        (await _admin.PutAsJsonAsync("/portal/event-webhooks/listed", new { url })).StatusCode.ShouldBe(HttpStatusCode.OK);
    }

    /// <summary>When the list was another one.</summary>
    [SkippableFact]
    public async Task Webhook_ThatWasSavedBefore_IsNotAsked()
    {
        await _owner.SaveAsync(_ca, Definition(_server.Url.AbsoluteUri));
        (await SignAsync()).Status.ShouldBe(HttpStatusCode.Created);
        await _owner.SaveAsync(_ca, Definition(Elsewhere));

        var refused = await SignAsync();

        refused.Status.ShouldBe(HttpStatusCode.ServiceUnavailable, refused.Body);
        refused.Body.ShouldNotContain("127.0.0.1");
        _ca.Logs.Text.ShouldContain("127.0.0.1 is none of the hosts that webhooks may be at here (IOT_WEBHOOK_HOSTS)");
        _server.Calls.Count.ShouldBe(1, "of the one that is on the list");
    }

    [SkippableFact]
    public async Task EventWebhook_ThatWasSavedBefore_IsToldNothing()
    {
        _server.Answer = (_, _) => Task.CompletedTask;
        (await _admin.PutAsJsonAsync("/portal/event-webhooks/former", new { url = _server.Url })).StatusCode.ShouldBe(HttpStatusCode.OK);
        (await TestAsync()).ShouldBe("""{"delivered":true}""");
        await _ca.Database.ExecuteAsync("UPDATE ca.event_webhooks SET url = $1 WHERE name = 'former'", Elsewhere);

        (await TestAsync()).ShouldContain("127.0.0.1 is none of the hosts that webhooks may be at here (IOT_WEBHOOK_HOSTS)");

        _server.Calls.Count.ShouldBe(1);

        async Task<string> TestAsync() => (await _admin.SendAsync("/portal/event-webhooks/former/test", "")).Body;
    }

    [Theory]
    [InlineData("hooks.test", "hooks.test", true)]
    [InlineData("hooks.test", "a.hooks.test", false)]
    [InlineData("hooks.test", "hooks.test.", false)]
    [InlineData("*.hooks.test", "hooks.test", false)]
    [InlineData("*.HOOKS.test", "a.b.hooks.test", true)]
    [InlineData("a.test, *.hooks.test", "A.test", true)]
    [InlineData("192.0.2.7", "192.0.2.7", true)]
    [InlineData("192.0.2.7", "192.0.2.70", false)]
    [InlineData("2001:DB8::7", "2001:db8:0::7", true)]
    public void Host_IsOnTheListOrNot(string setting, string host, bool isOn) => Read(setting).Options.HasHost(host).ShouldBe(isOn);

    [Theory]
    [InlineData("*")]
    [InlineData("*.")]
    [InlineData("*.192.0.2.7")]
    [InlineData("a.*.test")]
    [InlineData("*a.test")]
    [InlineData("https://hooks.test")]
    [InlineData("hooks.test:8443")]
    [InlineData("bücher.test")]
    [InlineData(",")]
    public void List_NotUnderstood_EndsTheStart(string setting) => Read(setting).Errors.ShouldHaveSingleItem().ShouldContain(WebhookOptions.HostsSetting);

    [Fact]
    public void List_NotSet_AllowsEveryHost() => Read(null).Options.HasHost("hooks.test").ShouldBeTrue();

    private static (WebhookOptions Options, IReadOnlyList<string> Errors) Read(string? setting)
    {
        var settings = new SettingsReader(new ConfigurationBuilder().AddInMemoryCollection(new Dictionary<string, string?> { [WebhookOptions.HostsSetting] = setting }).Build());
        return (WebhookOptions.Read(settings), settings.Errors);
    }

    private JsonObject Definition(string url) => _owner.Definition(new JsonObject
    {
        ["webhooks"] = new JsonArray(new JsonObject { ["id"] = "1", ["name"] = "approval", ["kind"] = "AUTHORIZING", ["url"] = url, ["secret"] = Convert.ToBase64String(WebhookDefinitionTests.Secret) }),
    });

    private Task<HttpResponseMessage> SaveAsync(string url) =>
        _admin.PutAsync($"/portal/provisioners/{Uri.EscapeDataString(_owner.Name)}", new StringContent(Definition(url).ToJsonString(), Encoding.UTF8, "application/json"));

    private async Task<StepCaReply> SignAsync()
    {
        using var key = StepCaCalls.NewKey();
        using var client = _ca.Client();
        return await client.SignAsync(StepCaCalls.Csr(key, "a.test", "a.test"), _owner.Token(_ca, "a.test", "a.test"));
    }

    /// <summary>An authority whose operator named hosts.</summary>
    public sealed class Host : IAsyncLifetime
    {
        public CaHost Ca { get; private set; } = null!;

        /// <summary>Of a server at <c>localhost</c> and <c>127.0.0.1</c>.</summary>
        public X509Certificate2 Certificate { get; private set; } = null!;

        public async Task InitializeAsync()
        {
            Ca = await CaHost.StartAsync(
                CaHost.DefaultOptions with { Webhooks = new WebhookOptions { Networks = [IPNetwork.Parse("127.0.0.0/8")], Hosts = ["localhost", "*.hooks.test"] } },
                map: app => app.MapEventWebhooks(),
                services: services => services.AddSingleton<IEventMapper, CertificateEventMapper>().AddEventRelay<NoSubscribers>().AddEventWebhooks());
            using var key = StepCaCalls.NewKey();
            using var client = Ca.Client();
            var reply = await client.SignAsync(StepCaCalls.Csr(key, "localhost", "localhost", "127.0.0.1"), Ca.Token("localhost", "localhost", "127.0.0.1"));
            using var leaf = X509Certificate2.CreateFromPem(reply.Json.GetProperty("crt").GetString());
            Certificate = leaf.CopyWithPrivateKey(key);
        }

        public async Task DisposeAsync()
        {
            Certificate.Dispose();
            await Ca.DisposeAsync();
        }
    }
}
