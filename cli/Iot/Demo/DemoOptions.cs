using System.CommandLine;

namespace IoTPlatform.Iot;

internal static class DemoOptions
{
    public static readonly Option<string?> Data = new("--data") { Description = "Folder of the demo; an earlier demo in it is replaced. Else /var/lib/iotplatform/demo as root, else ~/.local/share/iotplatform/demo.", HelpName = "folder" };
    public static readonly Option<bool> Keep = new("--keep") { Description = "Leave provider and tenants running in the background. The next demo, or --stop, ends them." };
    public static readonly Option<bool> Stop = new("--stop") { Description = "End what an earlier --keep left running, and do nothing else." };
    public static readonly Option<string> Broker = Choice("--broker", "The provider's broker: its own, or a private RabbitMQ.", "embedded", RabbitMq);
    public static readonly Option<string> Identity = Choice("--identity", "Who signs people in: local accounts, or a private Keycloak (KEYCLOAK_HOME, or kc.sh on PATH).", "local", Keycloak);
    public const string RabbitMq = "rabbitmq";
    public const string Keycloak = "keycloak";

    private static Option<string> Choice(string name, string description, params string[] values)
    {
        var option = new Option<string>(name) { Description = description, DefaultValueFactory = _ => values[0] };
        option.AcceptOnlyFromAmong(values);
        return option;
    }
}
