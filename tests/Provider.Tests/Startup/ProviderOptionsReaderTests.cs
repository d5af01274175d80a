using IoTPlatform.Hosting;
using IoTPlatform.Provider.Configuration;

namespace IoTPlatform.Provider.Tests.Startup;

public sealed class ProviderOptionsReaderTests
{
    [Fact]
    public void Read_NothingSet_HasWorkingDefaults()
    {
        var options = Read();

        options.Listen.ShouldBe(["https://127.0.0.1:9443"]);
        options.Names.ShouldBe(["localhost", "127.0.0.1", "::1"]);
        options.PublicUrl.ShouldBe(new Uri("https://localhost:9443"));
        options.PlatformDomain.ShouldBe("iotplatform.internal");
        options.RabbitmqUrl.ShouldBe(new Uri("amqps://localhost:5671"));
        options.RabbitmqMqttUrl.ShouldBe(new Uri("mqtts://localhost:9443"));
        options.Database.ShouldBeNull();
        options.RabbitMq.ShouldBeNull();
    }

    [Fact]
    public void Read_RealName_IsThePublicOne() =>
        Read(("IOT_NAMES", "localhost,Provider.Example"), ("IOT_LISTEN", "https://0.0.0.0:8443")).PublicUrl.ShouldBe(new Uri("https://provider.example:8443"));

    [Fact]
    public void Read_ManyValidationErrors_AreReportedAtOnce()
    {
        var error = Should.Throw<StartupException>(() => Read(
            ("IOT_LISTEN", "http://127.0.0.1:80"), ("IOT_NAMES", "bad_name"), ("IOT_PLATFORM_DOMAIN", "127.0.0.1"),
            ("IOT_PUBLIC_URL", "https://user:secret@x.example"), ("IOT_RABBITMQ_URL", "ftp://x"), ("IOT_CDM_DISCOVERY_URL", "nonsense")));

        foreach (var setting in new[] { "IOT_LISTEN", "IOT_NAMES", "IOT_PLATFORM_DOMAIN", "IOT_PUBLIC_URL", "IOT_RABBITMQ_URL", "IOT_CDM_DISCOVERY_URL" })
        {
            error.Message.ShouldContain(setting);
        }
    }

    [Fact]
    public void Read_RabbitMq_ManyValidationErrorsAreReportedAtOnce()
    {
        var error = Should.Throw<StartupException>(() => Read(
            ("IOT_BROKER", "rabbitmq"), ("IOT_RABBITMQ_MANAGEMENT_URL", "http://broker.example:15672"), ("IOT_RABBITMQ_CA_FILE", "/none/ca.pem"),
            ("IOT_RABBITMQ_TLS_FOLDER", "/none/tls"), ("IOT_RABBITMQ_NAMES", "bad_name"), ("IOT_RABBITMQ_AMQP_URL", "amqp://broker.example:5672")));

        foreach (var setting in new[] { "IOT_RABBITMQ_MANAGEMENT_URL", "IOT_RABBITMQ_AMQP_URL", "IOT_RABBITMQ_PASSWORD_FILE", "IOT_RABBITMQ_CA_FILE", "IOT_RABBITMQ_TLS_FOLDER", "IOT_RABBITMQ_NAMES" })
        {
            error.Message.ShouldContain(setting);
        }
    }

    [Fact]
    public void Read_RabbitMqWithoutAUrl_SaysWhichOneIsMissing() =>
        Should.Throw<StartupException>(() => Read(("IOT_BROKER", "rabbitmq"), ("IOT_RABBITMQ_PASSWORD", "secret"))).Message.ShouldContain("IOT_RABBITMQ_MANAGEMENT_URL");

    [Fact]
    public void Read_UnknownBroker_IsRefused() =>
        Should.Throw<StartupException>(() => Read(("IOT_BROKER", "kafka"))).Message.ShouldContain("embedded or rabbitmq");

    [Theory]
    [InlineData("amqp://broker.example")]
    [InlineData("https://127.0.0.1:5671")]
    [InlineData("amqps://somebody:secret@broker.example")]
    [InlineData("amqps://broker.example/vhost")]
    [InlineData("broker.example")]
    public void Read_AmqpUrl_ThatIsNone_IsRefused(string url) =>
        Should.Throw<StartupException>(() => Read(
            ("IOT_BROKER", "rabbitmq"), ("IOT_RABBITMQ_MANAGEMENT_URL", "https://127.0.0.1:15671"), ("IOT_RABBITMQ_PASSWORD", "secret"), ("IOT_RABBITMQ_AMQP_URL", url)))
            .Message.ShouldContain("IOT_RABBITMQ_AMQP_URL");

    [Fact]
    public void Read_RabbitMq_NamesOfItsCertificateFollowThePublicHost()
    {
        var options = Read(("IOT_BROKER", "rabbitmq"), ("IOT_RABBITMQ_MANAGEMENT_URL", "https://127.0.0.1:15671"), ("IOT_RABBITMQ_PASSWORD", "secret"), ("IOT_RABBITMQ_MQTT_URL", "mqtts://mqtt.example:8883"));

        options.RabbitMq.ShouldNotBeNull().Management.Url.ShouldBe(new Uri("https://127.0.0.1:15671/"));
        options.RabbitMq.AmqpUrl.ShouldBe(new Uri("amqps://127.0.0.1:5671"));
        options.RabbitMq.Names.ShouldBe(["localhost", "127.0.0.1", "mqtt.example"]);
        options.ToString().ShouldNotContain("secret");
    }

    [Theory]
    [InlineData("https://127.0.0.1:9443/path")]
    [InlineData("127.0.0.1:9443")]
    [InlineData("https://127.0.0.1:99999")]
    public void Read_BadListenUrl_IsRefused(string url) => Should.Throw<StartupException>(() => Read(("IOT_LISTEN", url)));

    [Fact]
    public void Origins_NamesAndPorts_AreAllAudiences() =>
        Read(("IOT_NAMES", "localhost,::1"), ("IOT_PUBLIC_URL", "https://edge.example")).Origins.Select(o => o.AbsoluteUri)
            .ShouldBe(["https://edge.example/", "https://localhost:9443/", "https://[::1]:9443/"]);

    private static ProviderOptions Read(params (string Name, string Value)[] settings) =>
        ProviderOptionsReader.Read(ProviderSettings.Load([], settings.ToDictionary(s => s.Name, s => s.Value, StringComparer.Ordinal)));
}
