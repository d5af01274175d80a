using IoTPlatform.Hosting;
using IoTPlatform.Pki;
using IoTPlatform.Provider.Configuration;
using IoTPlatform.Provider.Features.Join;
using IoTPlatform.Provider.Features.Names;

namespace IoTPlatform.Provider.Tests.Names;

public sealed class NameRegistryTests
{
    private static readonly ProviderOptions Everything = Read(
        ("IOT_NAMES", "localhost,127.0.0.1,inside.provider.example,192.0.2.7"), ("IOT_PUBLIC_URL", "https://edge.provider.example"), ("IOT_RESERVED_NAMES", "next.elsewhere.example"),
        ("IOT_BROKER", "rabbitmq"), ("IOT_RABBITMQ_PASSWORD", "secret"), ("IOT_RABBITMQ_MANAGEMENT_URL", "https://manage.broker.example:15671"),
        ("IOT_RABBITMQ_AMQP_URL", "amqps://bus.broker.example:5671"), ("IOT_RABBITMQ_NAMES", "localhost,rabbit.broker.example"),
        ("IOT_RABBITMQ_URL", "amqps://amqp.public.example"), ("IOT_RABBITMQ_MQTT_URL", "mqtts://mqtt.public.example"),
        ("IOT_IDENTITY", "keycloak"), ("IOT_OIDC_ISSUER", "https://login.id.example/realms/cdm"), ("IOT_OIDC_BACKCHANNEL", "https://keycloak.id.example"),
        ("IOT_CDM_DISCOVERY_URL", "https://discovery.id.example/x"), ("IOT_DATABASE", "Host=db.data.example,replica.data.example;Database=iot;Username=iot;Password=secret"));

    private static readonly string[] AllNames =
    [
        "inside.provider.example", "192.0.2.7", "edge.provider.example", "amqp.public.example", "mqtt.public.example", "discovery.id.example", "rabbit.broker.example",
        "manage.broker.example", "bus.broker.example", "login.id.example", "keycloak.id.example", "db.data.example", "replica.data.example",
    ];

    [Fact]
    public void Served_EverySettingWithAHost_IsThere() => NameRegistry.Served(Everything).Select(entry => entry.Name).ShouldBe(AllNames, ignoreOrder: true);

    [Fact]
    public void Constraints_OfASubCa_ShutOutEveryNameAndItsWildcard()
    {
        var constraints = TenantNames.Constraints("acme", [], Everything);

        foreach (var name in AllNames.Append("next.elsewhere.example"))
        {
            constraints.Permits(SubjectNames.FromSans(null, [name]), out _).ShouldBeFalse(name);
            if (System.Net.IPAddress.TryParse(name, out _))
            {
                continue;
            }

            var wildcard = "*" + name[name.IndexOf('.', StringComparison.Ordinal)..];
            constraints.ExcludedDns.ShouldContain(excluded => ServerName.IsWithin(wildcard, excluded), name);
        }
    }

    /// <summary>Whatever a bundle promises is covered by a certificate.</summary>
    [Fact]
    public void Certificates_CoverWhatIsPromised()
    {
        NameRegistry.Service(Everything).ShouldBe(["localhost", "127.0.0.1", "inside.provider.example", "192.0.2.7", "edge.provider.example"]);
        NameRegistry.Broker(Everything).ShouldBe(["localhost", "rabbit.broker.example", "mqtt.public.example", "amqp.public.example"]);
    }

    [Fact]
    public void Served_LoopbackOnly_IsEmpty() => NameRegistry.Served(Read()).ShouldBeEmpty();

    private static ProviderOptions Read(params (string Name, string Value)[] settings) =>
        ProviderOptionsReader.Read(ProviderSettings.Load([], settings.ToDictionary(s => s.Name, s => s.Value, StringComparer.Ordinal)));
}
