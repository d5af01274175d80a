using System.Net;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using System.Text.Json.Nodes;
using IoTPlatform.CertificateAuthority.Acme;
using IoTPlatform.CertificateAuthority.Acme.Challenges;
using IoTPlatform.CertificateAuthority.Provisioners;
using IoTPlatform.CertificateAuthority.Upstream;
using IoTPlatform.CertificateAuthority.Webhooks;
using IoTPlatform.Testing;
using Microsoft.AspNetCore.Routing;
using Microsoft.Extensions.DependencyInjection;

namespace IoTPlatform.CertificateAuthority.Tests.Acme;

/// <summary>An authority that speaks ACME, with the servers that its challenges reach.</summary>
public sealed class AcmeHost : IAsyncLifetime
{
    public const string Provisioner = "acme";

    public CaHost Ca { get; private set; } = null!;

    /// <summary>Of the authority: pauses between looks take no time.</summary>
    internal FakeTime Time { get; } = new(TimeProvider.System.GetUtcNow());

    /// <summary>Signs in the authority's place; null: it does itself.</summary>
    internal UpstreamOptions? Upstream { get; init; }

    internal ChallengeServers Servers { get; private set; } = null!;

    private IServiceProvider Services { get; set; } = null!;

    public async Task InitializeAsync()
    {
        Servers = await ChallengeServers.StartAsync();
        var options = CaHost.DefaultOptions with
        {
            Upstream = Upstream,
            Webhooks = new WebhookOptions { Networks = [IPNetwork.Parse("127.0.0.1/32"), IPNetwork.Parse("::1/128")] },
            Acme = new AcmeOptions
            {
                Name = Provisioner,
                AlsoReached = [IPNetwork.Parse("127.0.0.1/32"), IPNetwork.Parse("::1/128")],
                HttpPort = Servers.HttpPort,
                TlsPort = Servers.TlsPort,
                Resolver = Servers.Dns,
            },
        };
        Ca = await CaHost.StartAsync(options, Time, map: app => Services = ((IEndpointRouteBuilder)app).ServiceProvider);
    }

    public async Task DisposeAsync()
    {
        if (Ca is not null)
        {
            await Ca.DisposeAsync();
        }

        if (Servers is not null)
        {
            await Servers.DisposeAsync();
        }
    }

    /// <summary>Adds or changes an ACME provisioner; <paramref name="members"/> are more of its definition.</summary>
    internal async Task AddAsync(string name, string members = "{}")
    {
        var definition = JsonNode.Parse(members)!.AsObject();
        (definition["type"], definition["name"]) = ("ACME", name);
        await Ca.Module.ProvisionerStore.SaveAsync(ProvisionerDefinition.Parse(definition.ToJsonString()), keyId: null, new ProvisionerChange("admin"), default);
        await Ca.Module.Provisioners.ReloadAsync(default);
    }

    internal T Service<T>()
        where T : notnull => Services.GetRequiredService<T>();

    /// <summary>An order whose names are proven by http-01.</summary>
    internal async Task<AcmeReply> ReadyOrderAsync(AcmeClient client, object order)
    {
        var placed = await client.PostAsync(client.At("new-order"), order);
        placed.Status.ShouldBe(HttpStatusCode.Created, placed.Body);
        foreach (var authorization in placed.Authorizations)
        {
            var challenge = (await client.GetAsync(authorization)).Challenge("http-01");
            var token = challenge.GetProperty("token").GetString()!;
            Servers.Page(token, client.KeyAuthorization(token));
            await client.PostAsync(challenge.GetProperty("url").GetString()!, new { });
            (await DecidedAsync(client, authorization))["status"].ShouldBe("valid");
        }

        return placed;
    }

    internal Task<AcmeReply> ReadyOrderAsync(AcmeClient client, params string[] names) => ReadyOrderAsync(client, new { identifiers = names.Select(AcmeClient.Identifier) });

    internal async Task<AcmeClient> NewClientAsync(string provisioner = Provisioner)
    {
        var client = new AcmeClient(Ca, provisioner);
        (await client.RegisterAsync()).Status.ShouldBe(HttpStatusCode.Created);
        return client;
    }

    /// <summary>A certificate for the name, proven by http-01.</summary>
    internal async Task<X509Certificate2> CertifiedAsync(AcmeClient client, ECDsa key, string name, string? replaces = null)
    {
        var order = await client.PostAsync(client.At("new-order"), new { identifiers = new[] { AcmeClient.Identifier(name) }, replaces });
        order.Status.ShouldBe(HttpStatusCode.Created, order.Body);
        var challenge = (await client.GetAsync(order.Authorizations.Single())).Challenge("http-01");
        var token = challenge.GetProperty("token").GetString()!;
        Servers.Page(token, client.KeyAuthorization(token));
        await client.PostAsync(challenge.GetProperty("url").GetString()!, new { });
        (await DecidedAsync(client, order.Authorizations.Single()))["status"].ShouldBe("valid");
        var finished = await client.FinalizeAsync(order, key, null, name);
        var chain = new X509Certificate2Collection();
        chain.ImportFromPem((await client.GetAsync(finished["certificate"])).Body);
        return chain[0];
    }

    /// <summary>The authorization once it is decided; the clock goes on as often as the authority waits for its next look, and not while it looks, however long that takes here.</summary>
    internal Task<AcmeReply> DecidedAsync(AcmeClient client, string authorization) => DecidedAsync(client, authorization, endsByTheClock: false);

    /// <param name="client">Whose it is.</param>
    /// <param name="authorization">Its URL.</param>
    /// <param name="endsByTheClock">A look never ends by itself: the clock goes on meanwhile.</param>
    internal async Task<AcmeReply> DecidedAsync(AcmeClient client, string authorization, bool endsByTheClock)
    {
        using var patience = new CancellationTokenSource(TimeSpan.FromMinutes(1));
        while (true)
        {
            var reply = await client.GetAsync(authorization);
            if (reply["status"] != AcmeStatus.Pending)
            {
                return reply;
            }

            await Task.Delay(20, patience.Token);
            if (endsByTheClock || await IsBetweenLooksAsync(authorization))
            {
                Time.Advance(TimeSpan.FromSeconds(1));
            }

            Services.GetRequiredService<ChallengeWorker>().Wake();
        }
    }

    /// <summary>Pauses take ten seconds at most; a look has its challenge for a minute.</summary>
    private Task<bool> IsBetweenLooksAsync(string authorization) => Ca.Database.ScalarAsync<bool>(
        "SELECT EXISTS (SELECT FROM acme.challenges WHERE authorization_id = $1 AND status = 'processing' AND due_at > $2 AND due_at <= $2 + interval '10 seconds')",
        authorization.Split('/')[^1],
        Time.GetUtcNow());
}
