namespace IoTPlatform.Iot.Tests;

/// <summary>The CLI's main, with its output in hand.</summary>
internal static class Cli
{
    public static async Task<(int Code, string Output, string Error)> RunAsync(params string[] arguments)
    {
        await using var output = new StringWriter();
        await using var error = new StringWriter();
        var code = await IotProgram.RunAsync(arguments, output, error);
        return (code, output.ToString(), error.ToString());
    }
}
