namespace IoTPlatform.Testing;

internal static class RabbitMqProgram
{
    /// <summary>The script itself; Debian's <c>/usr/sbin/rabbitmq-server</c> would change to another user and to the machine's own data.</summary>
    public static string? Path { get; } = Find();

    private static string? Find()
    {
        const string debian = "/usr/lib/rabbitmq/bin/rabbitmq-server";
        return File.Exists(debian) ? debian : Tools.Find("rabbitmq-server");
    }
}
