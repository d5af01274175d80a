using System.Security.Cryptography.X509Certificates;
using IoTPlatform.Client;
using IoTPlatform.Contracts.Certificates;
using IoTPlatform.Integration.Tests.Platform;
using IoTPlatform.Integration.Tests.RabbitMq;
using IoTPlatform.Pki;
using IoTPlatform.Stacks;
using IoTPlatform.Testing;

namespace IoTPlatform.Integration.Tests.TenantBroker;

/// <summary>A tenant's devices on the tenant's RabbitMQ, which asks the tenant.</summary>
[Collection(SharedTenantBroker.Name)]
public sealed class DeviceMqttTests(TenantBrokerFixture fixture)
{
    [SkippableFact]
    public async Task Device_PublishesBelowItsOwnId()
    {
        using var device = await fixture.DeviceAsync("pump-1");

        (await device.PublishAsync("acme.pump-1", "telemetry/pump-1/temperature", "{}")).ShouldBe(MqttOutcome.Done, fixture.Broker.Log);
        (await device.PublishAsync("acme.pump-1", "status/pump-1", "{}")).ShouldBe(MqttOutcome.Done);
    }

    [SkippableFact]
    public async Task Device_GetsItsOwnCommandsOnly()
    {
        using var device = await fixture.DeviceAsync("pump-2");
        await using var commands = await device.SubscribeAsync("acme.pump-2", "commands/pump-2/#");

        await fixture.CommandAsync("commands.pump-3.now", "not for you");
        await fixture.CommandAsync("commands.pump-2.now", "open");
        await commands.MessageAsync("commands/pump-2/now open");

        commands.Messages.ShouldBe(["commands/pump-2/now open"]);
    }

    [SkippableTheory]
    [InlineData("#")]
    [InlineData("commands/#")]
    [InlineData("commands/+/now")]
    [InlineData("commands/valve-1/#")]
    [InlineData("telemetry/pump-4/#")]
    [InlineData("devices/valve-1/commands/#")]
    [InlineData("devices/pump-4/#")]
    public async Task Subscription_ThatShowsMoreThanItsOwnCommands_IsRefused(string filter)
    {
        using var device = await fixture.DeviceAsync("pump-4");

        await using var subscription = await device.SubscribeAsync("acme.pump-4", filter);

        subscription.Subscribed.ShouldBeFalse(subscription.Output);
    }

    [SkippableTheory]
    [InlineData("telemetry/valve-1/x")]
    [InlineData("commands/pump-5/now")]
    [InlineData("telemetry.valve-1/x")]
    [InlineData("telemetry")]
    [InlineData("devices/valve-1/telemetry")]
    [InlineData("devices/valve-1/commands/1/response")]
    [InlineData("devices/valve-1/renew/request")]
    [InlineData("devices/pump-5/enroll/request")]
    public async Task Publication_AnywhereElse_IsRefused(string topic)
    {
        using var device = await fixture.DeviceAsync("pump-5");

        (await device.PublishAsync("acme.pump-5", topic, "{}", timeout: TimeSpan.FromSeconds(3))).ShouldNotBe(MqttOutcome.Done);
    }

    [SkippableTheory]
    [InlineData("acme.valve-1")]
    [InlineData("acme.pump-6.second")]
    [InlineData("pump-6")]
    [InlineData("globex.pump-6")]
    public async Task Attack_AnotherClientId_IsRefused(string clientId)
    {
        using var device = await fixture.DeviceAsync("pump-6");

        (await device.PublishAsync(clientId, "telemetry/pump-6/x", "{}")).ShouldBe(MqttOutcome.NotAuthorised);
    }

    [SkippableTheory]
    [InlineData("valve-1", "guess")]
    [InlineData("pump-7", "")]
    [InlineData("acme:valve-1", "guess")]
    public async Task Attack_AUserNameBesideTheCertificate_IsRefused(string user, string password)
    {
        using var valve = await fixture.DeviceAsync("valve-1");
        using var device = await fixture.DeviceAsync("pump-7");

        (await device.PublishAsync("acme.valve-1", "telemetry/valve-1/x", "{}", user, password)).ShouldBe(MqttOutcome.NotAuthorised);
    }

    [SkippableFact]
    public async Task RevokedDevice_IsRefused()
    {
        using var device = await fixture.DeviceAsync("stolen");
        (await device.PublishAsync("acme.stolen", "telemetry/stolen/x", "{}")).ShouldBe(MqttOutcome.Done);

        await fixture.Admin.RevokeDeviceAsync("stolen", new RevokeRequest { ReasonCode = 1, Reason = "stolen" });

        // The tenant refuses it at once, its revocation list within seconds.
        (await device.PublishAsync("acme.stolen", "telemetry/stolen/x", "{}")).ShouldBeOneOf(MqttOutcome.NotAuthorised, MqttOutcome.NoConnection);
        await Waiting.UntilAsync(async () => await device.PublishAsync("acme.stolen", "telemetry/stolen/x", "{}") == MqttOutcome.NoConnection);
    }

    [SkippableFact]
    public async Task HeldDevice_IsRefusedUntilItIsReleased()
    {
        using var device = await fixture.DeviceAsync("missing");
        (await device.PublishAsync("acme.missing", "telemetry/missing/x", "{}")).ShouldBe(MqttOutcome.Done);

        await fixture.Admin.HoldDeviceAsync("missing", new HoldRequest { Reason = "missing" });

        await Waiting.UntilAsync(async () => await device.PublishAsync("acme.missing", "telemetry/missing/x", "{}") == MqttOutcome.NoConnection);
        await fixture.Admin.ReleaseDeviceAsync("missing", new HoldRequest { Reason = "found" });
        await Waiting.UntilAsync(async () => await device.PublishAsync("acme.missing", "telemetry/missing/x", "{}") == MqttOutcome.Done);
    }

    /// <summary>Its name and its device are as good as before: only the certificate is not.</summary>
    [SkippableFact]
    public async Task RevokedCertificate_OfADeviceThatHasAnother_IsRefusedAndTheOtherIsNot()
    {
        using var lost = await EnrolledDevice.EnrollAsync(fixture.Tenant, fixture.Admin, "two-keys");
        using var thief = new Mosquitto(fixture.Broker, lost.KeyAndChainPem);
        (await thief.PublishAsync("acme.two-keys", "telemetry/two-keys/x", "{}")).ShouldBe(MqttOutcome.Done);

        // A token for the id enrols it anew, and revokes what the old key had.
        using var kept = await EnrolledDevice.EnrollAsync(fixture.Tenant, fixture.Admin, "two-keys");
        using var device = new Mosquitto(fixture.Broker, kept.KeyAndChainPem);

        await Waiting.UntilAsync(async () => await thief.PublishAsync("acme.two-keys", "telemetry/two-keys/x", "{}") == MqttOutcome.NoConnection, TimeSpan.FromSeconds(20));
        (await device.PublishAsync("acme.two-keys", "telemetry/two-keys/x", "{}")).ShouldBe(MqttOutcome.Done);
    }

    [SkippableFact]
    public async Task RevokedDevice_ThatIsConnected_IsSaidToBeThere_AndThrownOffByALoginThatMay()
    {
        using var device = await fixture.DeviceAsync("lost");
        await using var connected = await device.SubscribeAsync("acme.lost", "commands/lost/#");
        using var other = await fixture.DeviceAsync("kept");
        await using var stays = await other.SubscribeAsync("acme.kept", "commands/kept/#");

        await fixture.Admin.RevokeDeviceAsync("lost", new RevokeRequest { ReasonCode = 1, Reason = "lost" });

        await fixture.Tenant.Process.WaitForLineAsync(line => line.Contains("Device lost is revoked and still connected", StringComparison.Ordinal), TimeSpan.FromSeconds(60));
        connected.Connects.ShouldBe(1);
        await fixture.Broker.LetTenantLookAsync("administrator");
        await connected.LostAsync();
        await fixture.Broker.LetTenantLookAsync("monitoring");
        stays.Connects.ShouldBe(1);
    }

    /// <summary>By the announcement of the revocation: the poll, every ten seconds, would not find two of three within one.</summary>
    [SkippableFact]
    public async Task Revocation_OfAConnectedDevice_WithALoginThatMay_EndsItWithinASecond_AndRefusesTheNext()
    {
        await fixture.Broker.LetTenantLookAsync("administrator");
        try
        {
            var ends = new List<TimeSpan>();
            foreach (var id in new[] { "gone-1", "gone-2", "gone-3" })
            {
                using var device = await fixture.DeviceAsync(id);
                await using var connected = await device.SubscribeAsync($"acme.{id}", $"commands/{id}/#");
                connected.Subscribed.ShouldBeTrue(connected.Output);
                await fixture.Admin.RevokeDeviceAsync(id, new RevokeRequest { ReasonCode = 1, Reason = "gone" });
                var revoked = TimeProvider.System.GetTimestamp();
                await connected.LostAsync();
                ends.Add(TimeProvider.System.GetElapsedTime(revoked));
                (await device.PublishAsync($"acme.{id}", $"telemetry/{id}/x", "{}")).ShouldBeOneOf(MqttOutcome.NotAuthorised, MqttOutcome.NoConnection);
            }

            // mosquitto_sub says nothing of its loss, and connects again a second later.
            ends.Order().ElementAt(1).ShouldBeLessThan(TimeSpan.FromSeconds(2), string.Join(", ", ends));
        }
        finally
        {
            await fixture.Broker.LetTenantLookAsync("monitoring");
        }
    }

    [SkippableFact]
    public async Task Attack_AnotherTenantsDeviceOfTheSameName_IsRefused()
    {
        using var device = await fixture.DeviceAsync("twin");
        using var other = await fixture.OthersDeviceAsync("twin");

        (await other.PublishAsync("acme.twin", "telemetry/twin/x", "{}")).ShouldBe(MqttOutcome.NoConnection, "there is no revocation list of the other's Sub-CA");
        (await device.PublishAsync("acme.twin", "telemetry/twin/x", "{}")).ShouldBe(MqttOutcome.Done);
    }

    [SkippableFact]
    public async Task Attack_AnotherTenantsSubCaSignsThisTenantsName_IsRefused()
    {
        using var device = await fixture.DeviceAsync("victim");
        using var thief = await JoinedTenant.JoinAsync(fixture.Provider, "thief");
        using var forged = new Mosquitto(fixture.Broker, thief.Forge("victim", new Uri(fixture.SpiffeIdOf("victim"))));

        (await forged.PublishAsync("acme.victim", "telemetry/victim/x", "{}")).ShouldBe(MqttOutcome.NoConnection);
        (await device.PublishAsync("acme.victim", "telemetry/victim/x", "{}")).ShouldBe(MqttOutcome.Done);
    }

    [SkippableFact]
    public async Task DeviceIdWithADot_HasAColonInItsTopics_AndIsNotItsFirstLevelsDevice()
    {
        using var device = await fixture.DeviceAsync("pump.8");
        using var other = await fixture.DeviceAsync("pump");

        (await device.PublishAsync("acme.pump.8", "telemetry/pump:8/x", "{}")).ShouldBe(MqttOutcome.Done);
        (await device.PublishAsync("acme.pump.8", "telemetry/pump.8/x", "{}", timeout: TimeSpan.FromSeconds(3))).ShouldNotBe(MqttOutcome.Done);
        (await device.PublishAsync("acme.pump.8", "telemetry/pump/8/x", "{}", timeout: TimeSpan.FromSeconds(3))).ShouldNotBe(MqttOutcome.Done);
        (await other.PublishAsync("acme.pump", "telemetry/pump:8/x", "{}", timeout: TimeSpan.FromSeconds(3))).ShouldNotBe(MqttOutcome.Done);
    }

    [SkippableFact]
    public async Task TenantDown_NewConnectionsAreRefused_AndAcceptedAfterItsReturn()
    {
        using var device = await fixture.DeviceAsync("pump-9");
        await fixture.Tenant.KillAsync();

        (await device.PublishAsync("acme.pump-9", "telemetry/pump-9/x", "{}")).ShouldBe(MqttOutcome.NotAuthorised);

        fixture.Tenant.Launch();
        await fixture.Tenant.ReadyAsync();
        // Once it is connected to the broker itself.
        await Waiting.UntilAsync(async () => await device.PublishAsync("acme.pump-9", "telemetry/pump-9/x", "{}") == MqttOutcome.Done);
    }

    [SkippableFact]
    public async Task Presence_DeviceConnectsAndIsKilled_IsShownAndPublished()
    {
        using var device = await fixture.DeviceAsync("present");
        (await fixture.Admin.GetDeviceAsync("present")).Presence.ShouldBeNull();

        await using (await device.SubscribeAsync("acme.present", "commands/present/#"))
        {
            await Waiting.UntilAsync(async () => (await fixture.Admin.GetDeviceAsync("present")).Presence?.Online == true);
        }

        await Waiting.UntilAsync(async () => (await fixture.Admin.ListDevicesAsync(limit: 500)).Items.Single(d => d.DeviceId == "present").Presence?.Online == false);
        await Waiting.UntilAsync(async () => await fixture.Tenant.Database.ScalarAsync<bool>("SELECT bool_and(told) FROM tenant.device_presence"));
    }

    [SkippableTheory]
    [InlineData("user")]
    [InlineData("vhost")]
    [InlineData("resource")]
    [InlineData("topic")]
    public async Task Attack_AskingTheTenantAsADevice_IsRefused(string question)
    {
        using var device = await EnrolledDevice.EnrollAsync(fixture.Tenant, fixture.Admin, $"curious-{question}");
        using var certificate = X509Certificate2.CreateFromPem(device.KeyAndChainPem, device.KeyAndChainPem);
        using var http = PlatformHttp.Create(fixture.Tenant.Url, fixture.Tenant.Trust, certificate, TimeSpan.FromSeconds(30));
        using var form = new FormUrlEncodedContent([new("username", "valve-1"), new("vhost", "acme"), new("client_id", "acme.valve-1")]);

        using var answer = await http.PostAsync(new Uri($"mqtt/auth/{question}", UriKind.Relative), form);

        ((int)answer.StatusCode).ShouldBe(403);
    }
}
