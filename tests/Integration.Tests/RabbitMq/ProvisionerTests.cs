using IoTPlatform.Hosting;
using IoTPlatform.Provider.Features.Broker;
using IoTPlatform.Provider.Features.Broker.RabbitMq;
using IoTPlatform.Provider.Features.Broker.RabbitMq.Api;
using IoTPlatform.Testing;

namespace IoTPlatform.Integration.Tests.RabbitMq;

[Collection(SharedBroker.Name)]
public sealed class ProvisionerTests : IAsyncLifetime
{
    private static int Last;
    private readonly string _id = "tenant-" + Interlocked.Increment(ref Last).ToString(System.Globalization.CultureInfo.InvariantCulture);
    private ProvisionerFixture _fixture = null!;
    private RabbitMqBrokerProvisioner _provisioner = null!;
    private RabbitMqServer _broker = null!;

    public async Task InitializeAsync()
    {
        _fixture = await ProvisionerFixture.StartAsync();
        _provisioner = _fixture.Provisioner;
        _broker = _fixture.Broker;
    }

    public async Task DisposeAsync()
    {
        if (_fixture is null)
        {
            return;
        }

        await _broker.AdminAsync(HttpMethod.Delete, $"vhosts/{_id}");
        await _broker.AdminAsync(HttpMethod.Delete, $"users/{Login}");
        await _fixture.DisposeAsync();
    }

    [SkippableFact]
    public async Task Ensure_NewTenant_NothingIsDifferentAfterwards()
    {
        (await _provisioner.InspectAsync(_id, default)).ShouldBeNull();

        await EnsureAsync();

        (await _provisioner.CompareAsync(BridgeAccess.For(_id), default)).ShouldBeEmpty();
        (await _provisioner.InspectAsync(_id, default)).ShouldNotBeNull().Suspended.ShouldBeFalse();
    }

    [SkippableFact]
    public async Task Ensure_Twice_ChangesNothing()
    {
        await EnsureAsync();
        var before = await DefinitionsAsync();

        await EnsureAsync();

        (await DefinitionsAsync()).ShouldBe(before);
    }

    [SkippableFact]
    public async Task Ensure_BridgeLogin_HasNoPasswordAndNoPowers()
    {
        await EnsureAsync();

        var user = (await _fixture.Api.FindUserAsync(Login, default)).ShouldNotBeNull();
        user.PasswordHash.ShouldBeEmpty();
        user.Tags.ShouldBe(["iot-tenant@iot.example"]);
    }

    /// <summary>So a broker that does not ask, or gets no answer, has nothing to go by.</summary>
    [SkippableFact]
    public async Task Ensure_BridgeLogin_HasNoRightsAtTheBroker()
    {
        await EnsureAsync();

        (await _fixture.Api.PermissionsOfUserAsync(Login, default)).ShouldBeEmpty();
        (await _fixture.Api.TopicPermissionsAsync(_id, Login, default)).ShouldBeEmpty();
        (await _fixture.Api.ReadMappingAsync(default))[Login].ShouldBe(_id);
    }

    [SkippableTheory]
    [InlineData("user password", "PUT", "users/{login}", """{"password":"let me in","tags":"iot-tenant@iot.example"}""", "password of {login}")]
    [InlineData("user tags", "PUT", "users/{login}", """{"password_hash":"","tags":"iot-tenant@iot.example,administrator"}""", "tags of {login}")]
    [InlineData("rights", "PUT", "permissions/{id}/{login}", """{"configure":"","write":"","read":""}""", "permission of {login} in {id}")]
    [InlineData("topic rights", "PUT", "topic-permissions/{id}/{login}", """{"exchange":"amq.topic","write":".*","read":".*"}""", "topic permission of {login} in {id}")]
    [InlineData("rights elsewhere", "PUT", "permissions/platform/{login}", """{"configure":".*","write":".*","read":".*"}""", "permission of {login} in platform")]
    [InlineData("another user", "PUT", "permissions/{id}/nosy", """{"configure":".*","write":".*","read":".*"}""", "permission of nosy in {id}")]
    [InlineData("no reader", "DELETE", "permissions/{id}/iot-amqp", null, "permission of iot-amqp in {id}")]
    [InlineData("wide reader", "PUT", "permissions/{id}/iot-amqp", """{"configure":".*","write":".*","read":".*"}""", "permission of iot-amqp in {id}")]
    [InlineData("a reader that may write anything", "DELETE", "topic-permissions/{id}/iot-amqp", null, "topic permission of iot-amqp in {id}")]
    [InlineData("a reader that may write telemetry", "PUT", "topic-permissions/{id}/iot-amqp", """{"exchange":"amq.topic","write":"^telemetry\\..*$","read":"^$"}""", "topic permission of iot-amqp in {id}")]
    [InlineData("no reading user", "DELETE", "users/iot-amqp", null, "permission of iot-amqp in {id}")]
    [InlineData("no dead letters", "DELETE", "exchanges/{id}/telemetry.dead", null, "binding of telemetry.dead in {id}")]
    [InlineData("no limit", "DELETE", "vhost-limits/{id}/max-connections", null, "max-connections of {id}")]
    [InlineData("no user limit", "DELETE", "user-limits/{login}/max-connections", null, "max-connections of {login}")]
    [InlineData("no policy", "DELETE", "policies/{id}/iot-telemetry", null, "policy iot-telemetry in {id}")]
    [InlineData("no queue", "DELETE", "queues/{id}/telemetry", null, "queue telemetry in {id}")]
    public async Task Drift_ByAnAdminsHand_IsShownAndPutRight(string what, string method, string path, string? body, string shown)
    {
        _ = what;
        await EnsureAsync();
        await _broker.AdminAsync(HttpMethod.Put, "users/nosy", """{"password":"nosy","tags":""}""");

        await _broker.AdminAsync(new HttpMethod(method), Fill(path), body);

        (await _provisioner.CompareAsync(BridgeAccess.For(_id), default)).Select(d => d.What).ShouldContain(Fill(shown));
        await EnsureAsync();
        (await _provisioner.CompareAsync(BridgeAccess.For(_id), default)).ShouldBeEmpty();
    }

    [SkippableFact]
    public async Task Drift_AnotherCertificateLeadsIntoTheVhost_IsShownAndPutRight()
    {
        await EnsureAsync();
        await _fixture.Api.WriteMappingAsync(new Dictionary<string, string>(await _fixture.Api.ReadMappingAsync(default)) { ["backdoor"] = _id }, default);

        (await _provisioner.CompareAsync(BridgeAccess.For(_id), default)).Single().ShouldBe(new BrokerDifference("mapping of backdoor", null, _id));
        await EnsureAsync();

        (await _fixture.Api.ReadMappingAsync(default)).ShouldNotContainKey("backdoor");
        (await _fixture.Api.ReadMappingAsync(default))[Login].ShouldBe(_id);
    }

    [SkippableFact]
    public async Task Ensure_VhostWithForeignContent_IsRefusedAndNothingIsGranted()
    {
        await _broker.AdminAsync(HttpMethod.Put, $"vhosts/{_id}", "{}");
        await _broker.AdminAsync(HttpMethod.Put, $"queues/{_id}/orders", """{"durable":true}""");

        var refused = await Should.ThrowAsync<ProblemException>(EnsureAsync);

        refused.Code.ShouldBe("broker_name_taken");
        refused.Message.ShouldContain(_id);
        (await _fixture.Api.FindUserAsync(Login, default)).ShouldBeNull();
        (await _fixture.Api.ReadMappingAsync(default)).ShouldNotContainKey(Login);
        await _provisioner.RemoveTenantAsync(_id, default);
        (await _broker.AdminAsync(HttpMethod.Get, $"queues/{_id}/orders")).ShouldNotBeNull();
    }

    [SkippableFact]
    public async Task Ensure_UserOfThatNameWithAPassword_IsRefusedAndNothingIsGranted()
    {
        await _broker.AdminAsync(HttpMethod.Put, $"users/{Login}", """{"password":"somebody's","tags":""}""");

        var refused = await Should.ThrowAsync<ProblemException>(EnsureAsync);

        refused.Code.ShouldBe("broker_name_taken");
        refused.Message.ShouldContain("password");
        (await _fixture.Api.FindVhostAsync(_id, default)).ShouldBeNull();
        (await _fixture.Api.ReadMappingAsync(default)).ShouldNotContainKey(Login);
        await _provisioner.RemoveTenantAsync(_id, default);
        (await _fixture.Api.FindUserAsync(Login, default)).ShouldNotBeNull().PasswordHash.ShouldNotBeEmpty();
    }

    [SkippableFact]
    public async Task Ensure_TenantNamedAsThePlatformsOwnVhost_IsRefused() =>
        (await Should.ThrowAsync<ProblemException>(() => _provisioner.EnsureTenantAsync(BridgeAccess.For("platform"), default))).Code.ShouldBe("broker_name_taken");

    [SkippableFact]
    public async Task Ensure_TenantIdAtItsLengthLimit_Works()
    {
        var id = new string('a', 63);

        await _provisioner.EnsureTenantAsync(BridgeAccess.For(id), default);

        (await _provisioner.CompareAsync(BridgeAccess.For(id), default)).ShouldBeEmpty();
        await _provisioner.RemoveTenantAsync(id, default);
    }

    [SkippableFact]
    public async Task Remove_Tenant_LeavesNothingOfItAndEverythingOfOthers()
    {
        await EnsureAsync();
        await _provisioner.EnsureTenantAsync(BridgeAccess.For("neighbour"), default);

        await _provisioner.RemoveTenantAsync(_id, default);
        await _provisioner.RemoveTenantAsync(_id, default);

        (await _fixture.Api.FindVhostAsync(_id, default)).ShouldBeNull();
        (await _fixture.Api.FindUserAsync(Login, default)).ShouldBeNull();
        (await _fixture.Api.ReadMappingAsync(default)).ShouldNotContainKey(Login);
        (await _provisioner.CompareAsync(BridgeAccess.For("neighbour"), default)).ShouldBeEmpty();
        await _provisioner.RemoveTenantAsync("neighbour", default);
    }

    [SkippableFact]
    public async Task Ensure_TwentyTenantsFromTwoProcessesAtOnce_NoMappingIsLost()
    {
        using var api = ProvisionerFixture.Connect(_broker.ManagementUrl, _broker.Password, await File.ReadAllTextAsync(_broker.RootFile), TimeSpan.FromSeconds(30));
        var other = _fixture.NewProvisioner(new RabbitMqApi(api));
        var ids = Enumerable.Range(0, 20).Select(i => $"many-{i}").ToList();

        await Task.WhenAll(ids.Select((id, i) => (i % 2 == 0 ? _provisioner : other).EnsureTenantAsync(BridgeAccess.For(id), default)));

        var mapping = await _fixture.Api.ReadMappingAsync(default);
        foreach (var id in ids)
        {
            mapping[BridgeAccess.For(id).Login].ShouldBe(id);
        }

        await Task.WhenAll(ids.Select(id => _provisioner.RemoveTenantAsync(id, default)));
        (await _fixture.Api.ReadMappingAsync(default)).Keys.ShouldNotContain(login => login.StartsWith("many-", StringComparison.Ordinal));
    }

    private string Login => BridgeAccess.For(_id).Login;

    private Task EnsureAsync() => _provisioner.EnsureTenantAsync(BridgeAccess.For(_id), default);

    private Task<string?> DefinitionsAsync() => _broker.AdminAsync(HttpMethod.Get, $"definitions/{_id}");

    private string Fill(string text) => text.Replace("{id}", _id, StringComparison.Ordinal).Replace("{login}", Login, StringComparison.Ordinal);
}
