using IoTPlatform.Contracts;
using IoTPlatform.Provider.Tests.Support;

namespace IoTPlatform.Provider.Tests.Join;

/// <summary>A provider on the embedded broker speaks MQTT to its tenants and promises none of them AMQP.</summary>
public sealed class UnservedTests(ProviderFixture fixture) : IClassFixture<ProviderFixture>
{
    [SkippableFact]
    public async Task Join_NothingBesideTheProvider_AnswersWithoutAmqp()
    {
        using var tenant = new TestTenant();

        var answer = await fixture.Provider.TryJoinAsync((await fixture.Provider.PrepareAsync("unserved")).JoinKey, tenant);

        answer.Read(ContractsJson.Default.JoinBundle).RabbitmqMqttUrl.ShouldNotBeNull();
        answer.Body.ShouldNotContain("rabbitmq_url");
    }
}
