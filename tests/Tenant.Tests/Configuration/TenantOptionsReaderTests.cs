using IoTPlatform.Hosting;
using IoTPlatform.Tenant.Configuration;

namespace IoTPlatform.Tenant.Tests.Configuration;

public sealed class TenantOptionsReaderTests
{
    private static readonly string Fingerprint = new('a', 64);

    [Fact]
    public void Read_ProviderOnly_HasTheDefaults()
    {
        var options = Read(("PROVIDER_URL", "https://provider.example:9443"));

        options.Listen.ShouldBe(["https://127.0.0.1:9543"]);
        options.Names.ShouldBe(["localhost", "127.0.0.1", "::1"]);
        options.DeviceLifetime.ShouldBe(TimeSpan.FromHours(24));
        options.WireGuardSubnet.ToString().ShouldBe("10.64.0.0/16");
        options.PublicUrl.ShouldBe(new Uri("https://localhost:9543"));
        options.WireGuardEndpoint.ShouldBe("localhost:51820");
        options.JoinKey.ShouldBeNull();
    }

    [Fact]
    public void Read_EverythingWrong_ReportsEverythingAtOnceAndNoSecret()
    {
        var error = Should.Throw<StartupException>(() => Read(
            ("IOT_LISTEN", "http://127.0.0.1:80"), ("IOT_NAMES", "bad name!"), ("PROVIDER_URL", "provider:9443"), ("STEP_CA_FINGERPRINT", "abc"),
            ("TENANT_ID", "Acme"), ("IOT_DEVICE_LIFETIME", "1m"), ("IOT_DEVICE_MANUFACTURER_CA", "/no/such/file"), ("IOT_WIREGUARD_SUBNET", "10.0.0.1/16"),
            ("IOT_WIREGUARD_ENDPOINT", "host"), ("KEYCLOAK_URL", "ftp://x"), ("JOIN_KEY", "ABCD-EFGH-JKLM-NPQR")));

        foreach (var name in (string[])
            ["IOT_LISTEN", "IOT_NAMES", "PROVIDER_URL", "STEP_CA_FINGERPRINT", "TENANT_ID", "IOT_DEVICE_LIFETIME",
             "IOT_DEVICE_MANUFACTURER_CA", "IOT_WIREGUARD_SUBNET", "IOT_WIREGUARD_ENDPOINT", "KEYCLOAK_URL"])
        {
            error.Message.ShouldContain(name);
        }

        error.Message.ShouldNotContain("ABCD-EFGH");
    }

    [Theory]
    [InlineData("IOT_OIDC_ISSUER", "http://keycloak.example/realms/acme")]
    [InlineData("IOT_OIDC_BACKCHANNEL", "http://keycloak:8080")]
    [InlineData("IOT_IDENTITY", "ldap")]
    [InlineData("IOT_STEP_LOGIN", "on")]
    public void Read_IdentityProviderThatCannotBeUsed_NamesTheSetting(string name, string value)
    {
        var settings = new Dictionary<string, string> { ["PROVIDER_URL"] = "https://provider.example:9443", ["IOT_IDENTITY"] = "keycloak", ["IOT_OIDC_ISSUER"] = "https://keycloak.example/realms/acme", [name] = value };

        Should.Throw<StartupException>(() => Read([.. settings.Select(s => (s.Key, s.Value))])).Message.ShouldContain(name);
    }

    [Theory]
    [InlineData("mqtts://*:8883", 8883)]
    [InlineData("mqtts://127.0.0.1:1884", 1884)]
    public void Read_MqttListen_IsAnAddress(string url, int port) =>
        Read(("PROVIDER_URL", "https://provider.example:9443"), ("IOT_MQTT_LISTEN", url)).MqttListen.Single().Port.ShouldBe(port);

    [Theory]
    [InlineData("https://*:8883")]
    [InlineData("mqtt://*:1883")]
    [InlineData("mqtts://tenant.example:8883")]
    [InlineData("mqtts://*")]
    public void Read_MqttListenThatCannotBe_NamesTheSetting(string url) =>
        Should.Throw<StartupException>(() => Read(("PROVIDER_URL", "https://provider.example:9443"), ("IOT_MQTT_LISTEN", url))).Message.ShouldContain("IOT_MQTT_LISTEN");

    [Fact]
    public void Read_MqttListenBesideARabbitMq_IsRefused() =>
        Should.Throw<StartupException>(() => Read(("PROVIDER_URL", "https://provider.example:9443"), ("IOT_BROKER", "rabbitmq"), ("IOT_MQTT_LISTEN", "mqtts://*:8883"))).Message.ShouldContain("IOT_MQTT_LISTEN");

    [Theory]
    [InlineData("IOT_BROKER", "mosquitto")]
    [InlineData("IOT_RABBITMQ_TLS_FOLDER", "/no/such/folder")]
    [InlineData("IOT_RABBITMQ_NAMES", "host!")]
    [InlineData("IOT_RABBITMQ_AMQP_URL", "amqp://127.0.0.1:5672")]
    [InlineData("IOT_RABBITMQ_AMQP_URL", "amqps://127.0.0.1:5671/acme")]
    [InlineData("IOT_RABBITMQ_CA_FILE", "/none/ca.pem")]
    [InlineData("IOT_RABBITMQ_MANAGEMENT_URL", "http://broker.example:15672")]
    [InlineData("IOT_RABBITMQ_MANAGEMENT_URL", "https://iot-tenant:secret@127.0.0.1:15671")]
    public void Read_BrokerThatCannotBeUsed_NamesTheSetting(string name, string value)
    {
        var settings = new Dictionary<string, string> { ["PROVIDER_URL"] = "https://provider.example:9443", ["IOT_BROKER"] = "rabbitmq", [name] = value };

        Should.Throw<StartupException>(() => Read([.. settings.Select(s => (s.Key, s.Value))])).Message.ShouldContain(name);
    }

    [Fact]
    public void Read_ManagementOfABroker_NeedsAPasswordAndReadableRoots()
    {
        (string, string)[] settings = [("PROVIDER_URL", "https://provider.example:9443"), ("IOT_BROKER", "rabbitmq"), ("IOT_RABBITMQ_MANAGEMENT_URL", "https://127.0.0.1:15671")];

        var error = Should.Throw<StartupException>(() => Read([.. settings, ("IOT_RABBITMQ_CA_FILE", "/none/ca.pem")]));
        error.Message.ShouldContain("IOT_RABBITMQ_PASSWORD_FILE");
        error.Message.ShouldContain("IOT_RABBITMQ_CA_FILE");
        var read = Read([.. settings, ("IOT_RABBITMQ_PASSWORD", "swordfish")]).Broker.ShouldNotBeNull();
        read.Management.ShouldNotBeNull().User.ShouldBe("iot-tenant");
        read.ToString().ShouldNotContain("swordfish");
        Read(("PROVIDER_URL", "https://provider.example:9443"), ("IOT_BROKER", "rabbitmq")).Broker.ShouldNotBeNull().Management.ShouldBeNull();
    }

    [Theory]
    [InlineData(null)]
    [InlineData("http://keycloak.example")]
    public void Read_KeycloakPasswordThatWouldGoInTheClear_Refused(string? keycloakUrl)
    {
        var error = Should.Throw<StartupException>(() => Read(
            ("PROVIDER_URL", "https://provider.example:9443"), ("KEYCLOAK_URL", keycloakUrl ?? ""), ("IOT_KEYCLOAK_ADMIN_PASSWORD", "swordfish")));

        error.Message.ShouldContain("IOT_KEYCLOAK_ADMIN_PASSWORD");
        error.Message.ShouldNotContain("swordfish");
    }

    [Fact]
    public void Read_NoProvider_SaysWhatToSet() =>
        Should.Throw<StartupException>(() => Read()).Message.ShouldContain("PROVIDER_URL is missing");

    [Theory]
    [InlineData("10.64.0.0/31")]
    [InlineData("10.64.0.0/7")]
    [InlineData("fd00::/64")]
    [InlineData("10.64.0.1/24")]
    public void Read_UnusableSubnet_IsRefused(string subnet) =>
        Should.Throw<StartupException>(() => Read(("PROVIDER_URL", "https://p.example"), ("IOT_WIREGUARD_SUBNET", subnet)));

    [Fact]
    public void Read_FingerprintWithColons_IsNormalized()
    {
        var colons = string.Join(':', Enumerable.Repeat("AA", 32));

        Read(("PROVIDER_URL", "https://p.example"), ("STEP_CA_FINGERPRINT", colons)).RootFingerprint.ShouldBe(Fingerprint);
    }

    [Fact]
    public void ToString_Options_ShowsNoSecret() =>
        Read(("PROVIDER_URL", "https://p.example"), ("JOIN_KEY", "ABCD-EFGH-JKLM-NPQR")).ToString()!.ShouldNotContain("ABCD");

    private static TenantOptions Read(params (string Name, string Value)[] settings) =>
        TenantOptionsReader.Read(TenantSettings.Load([], settings.ToDictionary(s => s.Name, s => s.Value)));
}
