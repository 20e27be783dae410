import WatchpostCLI

await runWatchpost()
