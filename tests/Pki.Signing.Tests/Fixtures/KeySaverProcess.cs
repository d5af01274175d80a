namespace IoTPlatform.Pki.Signing.Tests;

/// <summary>The test assembly run as a program: saves new CA keys to one file until it is killed.</summary>
internal static class KeySaverProcess
{
    public const string Password = "correct horse";

    public static string[] Arguments(string path) =>
        [Environment.GetEnvironmentVariable("DOTNET_HOST_PATH") ?? "dotnet", typeof(KeySaverProcess).Assembly.Location, path];

    public static int Main(string[] args)
    {
        var file = new CaKeyFile(args[0]);
        for (var round = 0; ; round++)
        {
            using var key = CaKey.Generate(KeyKind.P256);
            file.Save(key, Password);
            Console.WriteLine($"saved {round}");
        }
    }
}
