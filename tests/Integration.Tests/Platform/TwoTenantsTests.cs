using System.Security.Cryptography.X509Certificates;
using IoTPlatform.Client;
using IoTPlatform.Integration.Tests.IdentityProviders;
using IoTPlatform.Integration.Tests.RabbitMq;
using IoTPlatform.Testing;
using Npgsql;

namespace IoTPlatform.Integration.Tests.Platform;

/// <summary>Two tenants that joined through the real provider, and what each can do with what it got.</summary>
[Collection(SharedPlatform.Name)]
public sealed class TwoTenantsTests(TwoTenantsTests.Fixture fixture) : IClassFixture<TwoTenantsTests.Fixture>
{
    private readonly RabbitMqServer _broker = fixture.Platform.Broker;
    private readonly JoinedTenant _acme = fixture.Acme;
    private readonly JoinedTenant _globex = fixture.Globex;

    /// <summary>The identity provider is the provider's own, whatever the broker is.</summary>
    [SkippableFact]
    public async Task Bundle_ItsDiscoveryUrl_IsServed() =>
        (await BundleDiscovery.IsServedAsync(_acme.Bundle, hasClient: false)).ShouldBe(new Uri(fixture.Platform.Provider.Url, "realms/cdm").AbsoluteUri);

    [SkippableFact]
    public async Task Telemetry_OfEach_IsItsOwnOnly()
    {
        using var acme = _acme.Bridge(_broker);
        using var globex = _globex.Bridge(_broker);

        (await acme.PublishAsync("acme.bridge", "telemetry/pump", """{"from":"acme"}""")).ShouldBe(MqttOutcome.Done);
        (await globex.PublishAsync("globex.bridge", "telemetry/pump", """{"from":"globex"}""")).ShouldBe(MqttOutcome.Done);

        (await StoredAsync("acme")).ShouldBe(["""{"from":"acme"}"""]);
        (await StoredAsync("globex")).ShouldBe(["""{"from":"globex"}"""]);
    }

    [SkippableFact]
    public async Task Command_ForOne_ReachesItsBridgeAndNotTheOthers()
    {
        using var acme = _acme.Bridge(_broker);
        using var globex = _globex.Bridge(_broker);
        await using var acmeCommands = await acme.SubscribeAsync("acme.bridge", "commands/#");
        await using var globexCommands = await globex.SubscribeAsync("globex.bridge", "commands/#");

        await CommandAsync("acme", "open");
        await acmeCommands.MessageAsync("commands/pump open");
        await CommandAsync("globex", "close");
        await globexCommands.MessageAsync("commands/pump close");

        acmeCommands.Messages.ShouldBe(["commands/pump open"]);
        globexCommands.Messages.ShouldBe(["commands/pump close"]);
    }

    [SkippableTheory]
    [InlineData("#")]
    [InlineData("+/+")]
    [InlineData("telemetry/#")]
    [InlineData("$SYS/#")]
    public async Task Wildcard_ThatWouldShowMoreThanCommands_IsRefused(string filter)
    {
        using var globex = _globex.Bridge(_broker);

        await using var subscription = await globex.SubscribeAsync("globex.nosy", filter);

        subscription.Subscribed.ShouldBeFalse(subscription.Output);
    }

    [SkippableFact]
    public async Task Attack_CertificateOfOnesSubCaForTheOthersBridge_IsRefused()
    {
        using var forged = new Mosquitto(_broker, _acme.Forge("globex-mqtt-bridge"));

        (await forged.PublishAsync("globex.bridge", "telemetry/x", "{}")).ShouldBe(MqttOutcome.NoConnection);
        await _broker.WaitForLogAsync("max_path_length_reached");
    }

    [SkippableFact]
    public async Task Attack_SubCaAsAClient_IsRefused()
    {
        using var subCa = new Mosquitto(_broker, _acme.SubCaPem);

        (await subCa.PublishAsync("acme.bridge", "telemetry/x", "{}")).ShouldNotBe(MqttOutcome.Done);
    }

    [SkippableFact]
    public async Task Attack_CommonNameWithAColon_IsNeitherIssuedNorAccepted()
    {
        using var thief = new JoinedTenant();
        var prepared = await fixture.Platform.Provider.PrepareAsync("thief");

        var refused = await Should.ThrowAsync<ApiException>(() => thief.JoinWithAsync(fixture.Platform.Provider, prepared.JoinKey, "globex:globex-mqtt-bridge"));

        refused.Code.ShouldBe("csr_refused");
        using var forged = new Mosquitto(_broker, _acme.Forge("globex:globex-mqtt-bridge"));
        (await forged.PublishAsync("globex.bridge", "telemetry/x", "{}")).ShouldBe(MqttOutcome.NoConnection);
    }

    [SkippableTheory]
    [InlineData("acme.bridge")]
    [InlineData("acme.another")]
    [InlineData("globex")]
    [InlineData("globex.")]
    [InlineData("anything")]
    public async Task Attack_ClientIdWithoutTheOwnPrefix_IsRefused(string clientId)
    {
        using var globex = _globex.Bridge(_broker);

        (await globex.PublishAsync(clientId, "telemetry/x", "{}")).ShouldBe(MqttOutcome.NotAuthorised);
    }

    [SkippableFact]
    public async Task Attack_TheOthersClientId_EndsNoSession()
    {
        using var acme = _acme.Bridge(_broker);
        using var globex = _globex.Bridge(_broker);
        await using var victim = await acme.SubscribeAsync("acme.victim", "commands/#");

        (await globex.PublishAsync("acme.victim", "telemetry/x", "{}")).ShouldBe(MqttOutcome.NotAuthorised);

        await CommandAsync("acme", "still here");
        await victim.MessageAsync("commands/pump still here");
        victim.Connects.ShouldBe(1);
    }

    [SkippableTheory]
    [InlineData("user")]
    [InlineData("vhost")]
    [InlineData("resource")]
    [InlineData("topic")]
    public async Task Attack_AskingTheProviderAsATenant_IsRefused(string question)
    {
        using var certificate = X509Certificate2.CreateFromPem(_acme.Bundle.MqttBridgeCert, _acme.BridgePem);
        using var http = PlatformHttp.Create(fixture.Platform.Provider.Url, fixture.Platform.Provider.Trust.Provider(), certificate, TimeSpan.FromSeconds(30));
        using var form = new FormUrlEncodedContent([new("username", "globex-mqtt-bridge"), new("vhost", "globex"), new("client_id", "globex.x")]);

        using var answer = await http.PostAsync(new Uri($"mqtt/auth/{question}", UriKind.Relative), form);

        ((int)answer.StatusCode).ShouldBe(403);
    }

    [SkippableFact]
    public async Task Ask_DatabaseHangs_AnswersBeforeTheBrokerLosesPatience()
    {
        using var certificate = X509Certificate2.CreateFromPem(_acme.Bundle.MqttBridgeCert, _acme.BridgePem);
        using var http = PlatformHttp.Create(fixture.Platform.Provider.Url, fixture.Platform.Provider.Trust.Provider(), certificate, TimeSpan.FromSeconds(15));
        using var form = new FormUrlEncodedContent([new("username", "acme-mqtt-bridge")]);
        await using var connection = await fixture.Platform.Provider.Database.DataSource.OpenConnectionAsync();
        await using var locked = await connection.BeginTransactionAsync();
        await using (var command = new NpgsqlCommand("LOCK TABLE ca.certificates IN ACCESS EXCLUSIVE MODE", connection))
        {
            await command.ExecuteNonQueryAsync();
        }

        using var answer = await http.PostAsync(new Uri("mqtt/auth/user", UriKind.Relative), form);

        ((int)answer.StatusCode).ShouldBe(503);
    }

    [SkippableFact]
    public async Task Attack_TheOthersUserName_DoesNotHelpACertificate()
    {
        using var globex = _globex.Bridge(_broker);

        (await globex.PublishAsync("globex.x", "telemetry/x", "{}", "acme-mqtt-bridge", "")).ShouldBe(MqttOutcome.NotAuthorised);
        (await globex.PublishAsync("globex.x", "telemetry/x", "{}", "acme:acme-mqtt-bridge", "guess")).ShouldBe(MqttOutcome.NotAuthorised);
    }

    [SkippableFact]
    public async Task Attack_UnmappedCertificateWithABorrowedPassword_IsRefused()
    {
        using var admin = await fixture.Platform.Provider.AdminAsync();
        using var lapsed = await JoinedTenant.JoinAsync(fixture.Platform.Provider, "lapsed");
        await admin.SuspendTenantAsync("lapsed", "no longer a customer");
        await _broker.AdminAsync(HttpMethod.Put, "users/clerk", """{"password":"borrowed","tags":"monitoring"}""");
        await _broker.AdminAsync(HttpMethod.Put, "permissions/platform/clerk", """{"configure":".*","write":".*","read":".*"}""");
        using var bridge = lapsed.Bridge(_broker);

        (await bridge.PublishAsync("lapsed.x", "telemetry/x", "{}")).ShouldBe(MqttOutcome.NotAuthorised);
        (await bridge.PublishAsync("lapsed.x", "telemetry/x", "{}", "clerk", "borrowed")).ShouldBe(MqttOutcome.NotAuthorised);
        (await bridge.PublishAsync("lapsed.x", "telemetry/x", "{}", "acme:clerk", "borrowed")).ShouldBe(MqttOutcome.NotAuthorised);
        (await bridge.PublishAsync("lapsed.x", "telemetry/x", "{}", "acme:acme-mqtt-bridge", "borrowed")).ShouldBe(MqttOutcome.NotAuthorised);
    }

    /// <summary>Once there is something.</summary>
    private async Task<string[]> StoredAsync(string tenantId)
    {
        using var admin = await fixture.Platform.Provider.AdminAsync();
        using var limit = new CancellationTokenSource(TimeSpan.FromSeconds(30));
        while (true)
        {
            if ((await admin.ListTelemetryAsync(tenantId, "pump", cancellationToken: limit.Token)).Items is { Count: > 0 } items)
            {
                return [.. items.Select(i => i.Payload.GetRawText())];
            }

            await Task.Delay(100, limit.Token);
        }
    }

    private Task CommandAsync(string vhost, string payload) => _broker.AdminAsync(
        HttpMethod.Post, $"exchanges/{vhost}/amq.topic/publish", $$"""{"properties":{},"routing_key":"commands.pump","payload":"{{payload}}","payload_encoding":"string"}""");

    public sealed class Fixture(PlatformFixture platform) : IAsyncLifetime
    {
        public PlatformFixture Platform { get; } = platform;

        internal JoinedTenant Acme { get; private set; } = null!;

        internal JoinedTenant Globex { get; private set; } = null!;

        public async Task InitializeAsync()
        {
            Acme = await JoinedTenant.JoinAsync(Platform.Provider, "acme");
            Globex = await JoinedTenant.JoinAsync(Platform.Provider, "globex");
        }

        public Task DisposeAsync()
        {
            Acme?.Dispose();
            Globex?.Dispose();
            return Task.CompletedTask;
        }
    }
}
