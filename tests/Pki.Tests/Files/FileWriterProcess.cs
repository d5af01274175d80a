using System.Globalization;
using IoTPlatform.Pki.Files;

namespace IoTPlatform.Pki.Tests.Files;

/// <summary>The test assembly run as a program: writes a file atomically, once or until it is killed.</summary>
internal static class FileWriterProcess
{
    public const int IoFailed = 74;

    public static string[] Arguments(string path, int bytes, bool forever = false) =>
    [
        "env", "DOTNET_EnableWriteXorExecute=0", Environment.GetEnvironmentVariable("DOTNET_HOST_PATH") ?? "dotnet", typeof(FileWriterProcess).Assembly.Location,
        path, bytes.ToString(CultureInfo.InvariantCulture), forever ? "forever" : "once",
    ];

    public static int Main(string[] args)
    {
        var content = new byte[int.Parse(args[1], CultureInfo.InvariantCulture)];
        try
        {
            for (var round = 0; round == 0 || args[2] is "forever"; round++)
            {
                Array.Fill(content, (byte)('a' + (round % 26)));
                AtomicFile.Write(args[0], content, AtomicFile.Secret);
                Console.WriteLine($"writing {round}");
            }

            return 0;
        }
        catch (IOException e)
        {
            Console.Error.WriteLine(e.Message);
            return IoFailed;
        }
    }
}
