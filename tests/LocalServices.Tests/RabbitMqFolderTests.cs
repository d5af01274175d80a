using System.Security.Cryptography;
using System.Text;
using System.Text.Json.Nodes;
using IoTPlatform.Testing;
using Shouldly;
using Xunit;

namespace IoTPlatform.LocalServices.Tests;

public sealed class RabbitMqFolderTests : IDisposable
{
    private readonly TempFolder _temp = new();
    private readonly RabbitMqFolder _folder;

    public RabbitMqFolderTests() =>
        _folder = RabbitMqFolder.Create(_temp.Path, new RabbitMqPorts(1001, 1002, 1003, 1004, 1005, 1006), Path.Combine(Tools.RepositoryRoot, "deploy", "rabbitmq"));

    public void Dispose() => _temp.Dispose();

    [Fact]
    public void Create_WhatIsShipped_IsTakenOver()
    {
        File.ReadAllText(_temp.Combine("conf", "10-platform.conf")).ShouldBe(File.ReadAllText(Path.Combine(Tools.RepositoryRoot, "deploy", "rabbitmq", "10-platform.conf")));
        Directory.GetFiles(_temp.Combine("conf")).Order(StringComparer.Ordinal).Last().ShouldEndWith("90-private.conf", customMessage: "a later file wins");
    }

    [Fact]
    public void Create_EveryPortAndPath_IsItsOwn()
    {
        var site = File.ReadAllText(_temp.Combine("conf", "90-private.conf"));
        foreach (var line in new[] { "management.ssl.port = 1005", "mqtt.listeners.ssl.default = 127.0.0.1:1004", "listeners.ssl.default = 127.0.0.1:1003", "prometheus.tcp.port = 1006" })
        {
            site.ShouldContain(line);
        }

        site.ShouldNotContain("/etc/rabbitmq");
        _folder.Broker(new RabbitMqProgram("rabbitmq-server", new Version(3, 10))).Environment.Where(v => v.Value?.StartsWith('/') == true && v.Value != "/dev/null").ShouldAllBe(v => v.Value!.StartsWith(_temp.Path, StringComparison.Ordinal));
    }

    [Fact]
    public void Create_AdministratorsPassword_IsStoredHashed()
    {
        var text = File.ReadAllText(_temp.Combine("definitions.json"));
        var user = JsonNode.Parse(text)!["users"]!.AsArray().Single(u => (string?)u!["name"] == RabbitMqFolder.User)!;
        var hash = Convert.FromBase64String((string)user["password_hash"]!);
        hash[4..].ShouldBe(SHA256.HashData([.. hash[..4], .. Encoding.UTF8.GetBytes(_folder.Password)]));
        text.ShouldNotContain(_folder.Password);
    }

    [Theory]
    [InlineData("https://127.0.0.1:7443/", "https://localhost:7443/mqtt/auth/user")]
    [InlineData("https://[::1]:7443/", "https://localhost:7443/mqtt/auth/user")]
    [InlineData("https://localhost:7443/", "https://localhost:7443/mqtt/auth/user")]
    [InlineData("https://provider.example/", "https://provider.example/mqtt/auth/user")]
    public void Ask_AnyHost_IsAskedByANameThatErlangFindsInItsCertificate(string host, string asked)
    {
        _folder.Ask(new Uri(host));

        var conf = File.ReadAllText(_temp.Combine("conf", "15-ask.conf"));
        conf.ShouldContain(asked);
        conf.ShouldNotContain("localhost:9443");
    }

    [Fact]
    public void Create_WithoutAskingAHost_HasTheBrokerAskNeverthelessAndGoByItsOwnCertificates()
    {
        File.ReadAllText(_temp.Combine("conf", "15-ask.conf")).ShouldContain("auth_backends.1.authz = http");
        var advanced = File.ReadAllText(_temp.Combine("advanced.config"));
        advanced.ShouldContain(_folder.Tls);
        advanced.ShouldContain("{crl_check, peer}");
        advanced.ShouldNotContain("/etc/rabbitmq");
    }

    [Fact]
    public void Create_ForRabbitMq4_HasItsOwnSettings()
    {
        var path = Directory.CreateDirectory(_temp.Combine("four")).FullName;
        RabbitMqFolder.Create(path, new RabbitMqPorts(1, 2, 3, 4, 5, 6), Path.Combine(Tools.RepositoryRoot, "deploy", "rabbitmq"), major: 4);
        File.Exists(Path.Combine(path, "conf", "15-mqtt.conf")).ShouldBeTrue();
    }

    [Fact]
    public void Create_ForATenant_EndsInItsVhost_AndAsksIt()
    {
        var path = Directory.CreateDirectory(_temp.Combine("tenant")).FullName;
        var folder = RabbitMqFolder.Create(path, new RabbitMqPorts(1, 2, 3, 4, 5, 6), Path.Combine(Tools.RepositoryRoot, "deploy", "rabbitmq"), tenant: "acme");
        folder.Ask(new Uri("https://127.0.0.1:7543/"));
        var site = File.ReadAllText(Path.Combine(path, "conf", "90-private.conf"));
        site.ShouldContain("mqtt.vhost = acme");
        File.ReadAllText(Path.Combine(path, "conf", "15-devices.conf")).ShouldContain("https://localhost:7543/mqtt/auth/vhost");
        File.ReadAllText(Path.Combine(path, "advanced.config")).ShouldNotContain("/etc/rabbitmq");
        ((string?)JsonNode.Parse(File.ReadAllText(Path.Combine(path, "definitions.json")))!["vhosts"]![0]!["name"]).ShouldBe("acme");
    }
}
