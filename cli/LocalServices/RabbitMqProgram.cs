namespace IoTPlatform.LocalServices;

public static class RabbitMqProgram
{
    /// <summary>The script itself; Debian's <c>/usr/sbin/rabbitmq-server</c> would change to another user and to the machine's own data. Null: not installed.</summary>
    public static string? Path { get; } = Find();

    private static string? Find()
    {
        const string debian = "/usr/lib/rabbitmq/bin/rabbitmq-server";
        return File.Exists(debian) ? debian : ProgramSearch.OnPath("rabbitmq-server");
    }
}
