using IoTPlatform.Database;
using IoTPlatform.Hosting;
using Microsoft.Extensions.Logging;

// The real process that tests start, signal and kill: dotnet IoTPlatform.Database.Tests.dll FOLDER
return await HostProgram.RunAsync(args, async (arguments, stop) =>
{
    using var loggers = HostLogging.CreateFactory();
    await using var server = await PrivatePostgres.StartAsync(arguments[0], new PrivatePostgresOptions(), loggers.CreateLogger("postgres"), TimeProvider.System, stop);
    await server.EnsureDatabaseAsync("platform", stop);
    Console.WriteLine($"server {server.ServerProcessId}");
    Console.WriteLine($"ready {server.ConnectionString()}");
    await Task.Delay(Timeout.Infinite, stop).ContinueWith(_ => { }, TaskScheduler.Default);
});
