using System.Globalization;
using System.Net;
using System.Net.NetworkInformation;
using System.Text.Json.Nodes;
using IoTPlatform.Testing;

namespace IoTPlatform.Integration.Tests.RabbitMq;

/// <summary>What deploy/rabbitmq makes of a fresh broker, before any tenant.</summary>
[Collection(SharedBroker.Name)]
public sealed class ShippedConfigurationTests : IAsyncLifetime
{
    private RabbitMqServer _broker = null!;

    public async Task InitializeAsync() => _broker = await RabbitMqServer.SharedAsync();

    public Task DisposeAsync() => Task.CompletedTask;

    [SkippableFact]
    public async Task FirstStart_HasNoDefaultUser()
    {
        var users = JsonNode.Parse((await _broker.AdminAsync(HttpMethod.Get, "users"))!)!.AsArray();

        users.Select(user => (string?)user!["name"]).ShouldNotContain("guest");
    }

    [SkippableFact]
    public async Task FirstStart_VhostOfUnknownCertificates_HasNoPermissions()
    {
        (await _broker.AdminAsync(HttpMethod.Get, "vhosts/_none/permissions")).ShouldBe("[]");
        (await _broker.AdminAsync(HttpMethod.Get, "vhosts/%2F")).ShouldBeNull();
    }

    [SkippableFact]
    public async Task Listeners_ForMqttAndAmqp_AreTlsOnly()
    {
        var overview = JsonNode.Parse((await _broker.AdminAsync(HttpMethod.Get, "overview"))!)!;

        var protocols = overview["listeners"]!.AsArray().Select(l => (string)l!["protocol"]!).ToList();
        protocols.ShouldBe(["amqp/ssl", "clustering", "http/prometheus", "https", "mqtt/ssl"], ignoreOrder: true);
    }

    [SkippableFact]
    public void Listeners_ForTheProviderAlone_AreOnLoopback()
    {
        var exposed = IPGlobalProperties.GetIPGlobalProperties().GetActiveTcpListeners()
            .Where(l => l.Port == _broker.AmqpPort || l.Port == _broker.ManagementUrl.Port || l.Port == _broker.PrometheusPort);

        exposed.ShouldAllBe(l => IPAddress.IsLoopback(l.Address));
    }

    [SkippableFact]
    public async Task Certificate_Replaced_IsServedByTheNextHandshake()
    {
        var before = await Handshake.ServerSerialAsync(_broker);

        await File.WriteAllTextAsync(Path.Combine(Path.GetDirectoryName(_broker.RootFile)!, "server.pem"), _broker.Ca.Server("localhost", "127.0.0.1"));

        (await Handshake.ServerSerialAsync(_broker)).ShouldNotBe(before);
    }

    [SkippableFact]
    public async Task Mqtt_CertificateWithoutAUser_IsRefused()
    {
        using var nobody = new Mosquitto(_broker, _broker.Ca.Client("nobody"));

        (await nobody.PublishAsync("nobody.1", "telemetry/x", "hi")).ShouldBe(MqttOutcome.NotAuthorised);
    }

    [SkippableFact]
    public async Task Mqtt_NoCertificate_IsRefused()
    {
        using var nobody = new Mosquitto(_broker, certificatePem: null);

        (await nobody.PublishAsync("nobody.1", "telemetry/x", "hi", _broker.User, _broker.Password)).ShouldBe(MqttOutcome.NoConnection);
    }

    [SkippableFact]
    public async Task Mqtt_CertificateWithoutAUserAndABorrowedPassword_EndsInTheVhostWithoutPermissions()
    {
        using var nobody = new Mosquitto(_broker, _broker.Ca.Client("nobody"));

        (await nobody.PublishAsync("nobody.1", "telemetry/x", "hi", _broker.User, _broker.Password)).ShouldBe(MqttOutcome.NotAuthorised);
    }

    [SkippableFact]
    public async Task Prometheus_AnswersOnLoopback()
    {
        using var http = new HttpClient();

        var metrics = await http.GetStringAsync(new Uri(string.Create(CultureInfo.InvariantCulture, $"http://127.0.0.1:{_broker.PrometheusPort}/metrics")));

        metrics.ShouldContain("rabbitmq_connections");
    }
}
